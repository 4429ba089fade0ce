using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    private const int MaxFrames = 1000;

    public override async Task RetrieveFrames(RetrieveFramesRequest request, IServerStreamWriter<RetrieveFramesResponse> responses, ServerCallContext context)
    {
        if (request.Frames.Count is 0 or > MaxFrames)
        {
            throw MeshErrors.Invalid("frames", $"must name 1 to {MaxFrames} frames");
        }

        CancellationToken cancellationToken = context.CancellationToken;
        StoredInstance instance = await StoredInstance.RequireAsync(
            database, context.Caller(), request.StudyInstanceUid, request.SeriesInstanceUid, request.SopInstanceUid, cancellationToken);
        using DataKey key = await keys.GetAsync(instance.StudyId, cancellationToken);
        InstanceLayout layout = LayoutOf(instance, key);
        if (layout.Frames.Count == 0)
        {
            throw MeshErrors.Of(StatusCode.FailedPrecondition, Reason.StateConflict, "The instance has no pixel data that can be told apart by frames.");
        }

        foreach (int frame in request.Frames)
        {
            if (frame < 1 || frame > layout.Frames.Count)
            {
                throw MeshErrors.NotFound($"frame {frame}");
            }
        }

        using StoredFile file = StoredFile.Open(objects, instance, key);
        ChunkSender<RetrieveFramesResponse> sender = new(responses);
        foreach (int frame in request.Frames)
        {
            FrameLocation place = layout.Frames[frame - 1];
            IAsyncEnumerable<ReadOnlyMemory<byte>> pieces = await FrameReader.ReadAsync(file, layout, place, cancellationToken).BeginAsync(cancellationToken);
            await sender.WriteAsync(new RetrieveFramesResponse
            {
                Header = new() { Frame = frame, TransferSyntaxUid = instance.TransferSyntaxUid, Size = FrameReader.SizeOf(place) },
            }, 0, cancellationToken);
            await foreach (ReadOnlyMemory<byte> piece in pieces)
            {
                await sender.WriteAsync(new RetrieveFramesResponse { Data = UnsafeByteOperations.UnsafeWrap(piece) }, piece.Length, cancellationToken);
            }
        }
    }

    private static InstanceLayout LayoutOf(StoredInstance instance, DataKey key) =>
        InstanceLayout.FromBytes(key.OpenRow(instance.SealedLayout, StudySeals.Layout(instance.Id)));
}
