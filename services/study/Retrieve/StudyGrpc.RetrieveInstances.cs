using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task RetrieveStudy(RetrieveStudyRequest request, IServerStreamWriter<RetrieveInstancesResponse> responses, ServerCallContext context)
    {
        VisibleStudy study = await access.RequireStudyAsync(context.Caller(), request.StudyInstanceUid, context.CancellationToken);
        await SendAsync(await StoredInstance.ListOfStudyAsync(database, study.Id, context.CancellationToken), responses, context.CancellationToken);
    }

    public override async Task RetrieveSeries(RetrieveSeriesRequest request, IServerStreamWriter<RetrieveInstancesResponse> responses, ServerCallContext context)
    {
        VisibleSeries series = await access.RequireSeriesAsync(context.Caller(), request.StudyInstanceUid, request.SeriesInstanceUid, context.CancellationToken);
        await SendAsync(await StoredInstance.ListOfSeriesAsync(database, series.Id, context.CancellationToken), responses, context.CancellationToken);
    }

    public override async Task RetrieveInstance(RetrieveInstanceRequest request, IServerStreamWriter<RetrieveInstancesResponse> responses, ServerCallContext context)
    {
        StoredInstance instance = await StoredInstance.RequireAsync(
            database, context.Caller(), request.StudyInstanceUid, request.SeriesInstanceUid, request.SopInstanceUid, context.CancellationToken);
        await SendAsync([instance], responses, context.CancellationToken, request.Range);
    }

    /// <summary>Sends instances of one study, opening each pack once as long as instances of it follow each other.</summary>
    private async Task SendAsync(
        List<StoredInstance> instances, IServerStreamWriter<RetrieveInstancesResponse> responses, CancellationToken cancellationToken, DataRange? range = null)
    {
        if (instances.Count == 0)
        {
            throw MeshErrors.NotFound("instance");
        }

        using DataKey key = await keys.GetAsync(instances[0].StudyId, cancellationToken);
        ChunkSender<RetrieveInstancesResponse> sender = new(responses);
        IObjectReader? pack = null;
        Guid packId = default;
        try
        {
            for (int i = 0; i < instances.Count; i++)
            {
                StoredInstance instance = instances[i];
                await RequireKeyAsync(instance.StudyId, cancellationToken);
                if (pack is null || packId != instance.PackId)
                {
                    pack?.Dispose();
                    pack = null;
                    pack = await OpenAsync(instance, cancellationToken);
                    packId = instance.PackId;
                }

                using StoredFile file = StoredFile.Open(pack, instance, key);
                DataRange part = RequestedRange.Of(range, file.Length);
                RetrieveInstancesResponse.Types.Header header = HeaderOf(instance, i, instances.Count);
                header.Part = range is null ? null : part;
                IAsyncEnumerable<ReadOnlyMemory<byte>> pieces = await file.ReadAsync(part.Offset, part.Length, cancellationToken).BeginAsync(cancellationToken);
                await sender.WriteAsync(new RetrieveInstancesResponse { Header = header }, 0, cancellationToken);
                await foreach (ReadOnlyMemory<byte> piece in pieces)
                {
                    // Serialised before the task of the write completes, so the piece's buffer may be reused after it.
                    await sender.WriteAsync(new RetrieveInstancesResponse { Data = UnsafeByteOperations.UnsafeWrap(piece) }, piece.Length, cancellationToken);
                }
            }
        }
        finally
        {
            pack?.Dispose();
        }
    }

    /// <summary>A study that is deleted while it is sent ends the answer with NOT_FOUND.</summary>
    private async ValueTask RequireKeyAsync(Guid study, CancellationToken cancellationToken) => (await keys.GetAsync(study, cancellationToken)).Dispose();

    /// <summary>The pack of an instance. Packs go after the key: one that is missing while the key is there was lost.</summary>
    private async ValueTask<IObjectReader> OpenAsync(StoredInstance instance, CancellationToken cancellationToken)
    {
        try
        {
            return objects.Open(instance.PackId);
        }
        catch (ObjectMissingException)
        {
            await RequireKeyAsync(instance.StudyId, cancellationToken);
            throw;
        }
    }

    private static RetrieveInstancesResponse.Types.Header HeaderOf(StoredInstance instance, int position, int count) => new()
    {
        StudyInstanceUid = instance.StudyInstanceUid,
        SeriesInstanceUid = instance.SeriesInstanceUid,
        SopInstanceUid = instance.SopInstanceUid,
        SopClassUid = instance.SopClassUid,
        TransferSyntaxUid = instance.TransferSyntaxUid,
        Size = instance.Length,
        Position = position,
        Count = count,
        Version = ResourceVersion.OfInstance(instance.Id),
    };
}
