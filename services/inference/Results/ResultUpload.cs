using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Jobs.Results;

/// <summary>
/// Stores the objects of a result beside their source. Their UIDs follow from the job, so that storing them again changes
/// nothing: what an earlier attempt stored is kept and counts.
/// </summary>
internal sealed class ResultUpload(StudyService.StudyServiceClient studies, ClaimedJob job)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.5), LastRetry = TimeSpan.FromSeconds(10);
    private const string What = "The study";

    /// <summary>Stores the objects; while the archive does not answer, tries again until cancelled.</summary>
    /// <exception cref="JobFailedException">The archive refuses them.</exception>
    public async Task StoreAsync(PreparedResult result, CancellationToken cancellation)
    {
        if (result.Objects.Count == 0) return;
        for (var retry = FirstRetry; ; retry = retry * 2 < LastRetry ? retry * 2 : LastRetry)
        {
            try
            {
                await StoreOnceAsync(result, cancellation);
                return;
            }
            catch (RpcException e) when (!cancellation.IsCancellationRequested)
            {
                if (ServiceErrors.Translate(e, What) is not TryLaterException) throw ServiceErrors.Translate(e, What);
            }

            await Task.Delay(retry, cancellation);
        }
    }

    private async Task StoreOnceAsync(PreparedResult result, CancellationToken cancellation)
    {
        var headers = MeshHeaders.Delegation(job.Delegation);
        var upload = await studies.CreateUploadAsync(
            new CreateUploadRequest { Study = ResourceName.Of("studies", job.Record.Study) }, headers, cancellationToken: cancellation);
        using var call = studies.UploadInstances(headers, cancellationToken: cancellation);
        var sent = await TrySendAsync(call.RequestStream, upload.Name, result.Objects, cancellation);
        var response = await call.ResponseAsync.WaitAsync(cancellation);
        if (!sent || response.Results.Count != result.Objects.Count) throw new RpcException(new Status(StatusCode.Unavailable, "The archive ended the upload early."));
        foreach (var instance in response.Results) Check(instance);
    }

    private static void Check(InstanceResult instance)
    {
        var isStored = instance.Outcome is InstanceResult.Types.Outcome.Stored or InstanceResult.Types.Outcome.Duplicate
            // Other bytes under the job's own UID: an earlier attempt of this job stored its result.
            || (instance.Outcome == InstanceResult.Types.Outcome.Refused && instance.Reason == Reason.InstanceConflict);
        if (!isStored) throw new JobFailedException(instance.Reason, $"The archive refused the result: {instance.Message}");
    }

    /// <returns>False if the archive ended the call; its status says why.</returns>
    private static async Task<bool> TrySendAsync(
        IClientStreamWriter<UploadInstancesRequest> requests, string upload, IReadOnlyList<PreparedObject> objects, CancellationToken cancellation)
    {
        try
        {
            await requests.WriteAsync(new UploadInstancesRequest { Start = new UploadInstancesRequest.Types.Start { Upload = upload } }, cancellation);
            await using var output = new UploadStream(requests);
            foreach (var instance in objects)
            {
                await requests.WriteAsync(new UploadInstancesRequest { Instance = new UploadInstancesRequest.Types.Instance() }, cancellation);
                await instance.WriteAsync(output, cancellation);
                await output.FlushAsync(cancellation);
                await requests.WriteAsync(new UploadInstancesRequest { End = new UploadInstancesRequest.Types.End() }, cancellation);
            }

            await requests.CompleteAsync();
            return true;
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
