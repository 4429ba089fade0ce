using System.Runtime.CompilerServices;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Jobs.Work;

/// <summary>The archive as a job sees it under its delegation: its own series and the series it makes. Errors are those of the job.</summary>
internal sealed class Archive(StudyService.StudyServiceClient studies, ClaimedJob job)
{
    private const string What = "The series";
    // A header; enhanced multi-frame instances of thousands of frames have tens of megabytes.
    private const int MaxHeaderBytes = 128 << 20;

    private readonly string _study = job.Record.StudyUid, _series = job.Record.SeriesUid;

    public Metadata Headers => MeshHeaders.Delegation(job.Delegation);

    /// <summary>Finds out whether the user may still see the source.</summary>
    public async Task CheckAccessAsync(CancellationToken cancellation)
    {
        try
        {
            await studies.LookupSeriesAsync(
                new LookupSeriesRequest { SeriesInstanceUid = _series, StudyInstanceUid = _study }, Headers, cancellationToken: cancellation);
        }
        catch (RpcException e) when (!cancellation.IsCancellationRequested)
        {
            throw ServiceErrors.Translate(e, What);
        }
    }

    /// <summary>How many instances the job's own series has by now: those of an earlier attempt.</summary>
    public async Task<int> CountResultAsync(CancellationToken cancellation)
    {
        try
        {
            var series = await studies.LookupSeriesAsync(
                new LookupSeriesRequest { SeriesInstanceUid = JobUids.Series(job.Id), StudyInstanceUid = _study }, Headers, cancellationToken: cancellation);
            return series.InstanceCount;
        }
        catch (RpcException e) when (MeshErrors.Is(e, Reason.NotFound))
        {
            return 0;
        }
        catch (RpcException e) when (!cancellation.IsCancellationRequested)
        {
            throw ServiceErrors.Translate(e, What);
        }
    }

    /// <summary>The source's files, as they come.</summary>
    public async IAsyncEnumerable<RetrieveInstancesResponse> RetrieveAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var call = studies.RetrieveSeries(
            new RetrieveSeriesRequest { StudyInstanceUid = _study, SeriesInstanceUid = _series }, Headers, cancellationToken: cancellation);
        while (await NextAsync(call.ResponseStream, cancellation)) yield return call.ResponseStream.Current;
    }

    /// <summary>The source's headers by SOP Instance UID.</summary>
    public async Task<IReadOnlyDictionary<string, DicomDataset>> RetrieveHeadersAsync(CancellationToken cancellation)
    {
        var headers = new Dictionary<string, DicomDataset>(StringComparer.Ordinal);
        using var json = new MemoryStream();
        using var call = studies.RetrieveMetadata(
            new RetrieveMetadataRequest { StudyInstanceUid = _study, SeriesInstanceUid = _series }, Headers, cancellationToken: cancellation);
        while (await NextAsync(call.ResponseStream, cancellation))
        {
            var message = call.ResponseStream.Current;
            if (json.Length + message.DicomJson.Length > MaxHeaderBytes) throw new JobFailedException(Reason.LimitExceeded, "An instance's header is too large.");
            json.Write(message.DicomJson.Span);
            if (!message.EndOfInstance) continue;
            var header = Parse(json.GetBuffer().AsSpan(0, (int)json.Length));
            if (header.GetString(DicomTags.SOPInstanceUID) is { } uid) headers[uid] = header;
            json.SetLength(0);
        }

        return headers;
    }

    private static DicomDataset Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return DicomDataset.FromJson(json);
        }
        catch (DicomException)
        {
            throw new JobFailedException(Reason.SeriesNotSuitable, "An instance's header cannot be read.");
        }
    }

    private static async Task<bool> NextAsync<T>(IAsyncStreamReader<T> stream, CancellationToken cancellation)
    {
        try
        {
            return await stream.MoveNext(cancellation);
        }
        catch (RpcException e) when (!cancellation.IsCancellationRequested)
        {
            throw ServiceErrors.Translate(e, What);
        }
        catch (RpcException e)
        {
            throw new OperationCanceledException(e.Message, e, cancellation);
        }
    }
}
