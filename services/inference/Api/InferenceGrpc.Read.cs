using Grpc.Core;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;

namespace MedCloudCare.Jobs.Api;

public sealed partial class InferenceGrpc
{
    // Notifications carry the changes; looking by itself is for the case that one was lost.
    private static readonly TimeSpan WatchFallback = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public override async Task<Job> GetJob(GetJobRequest request, ServerCallContext context) =>
        views.Show(await FindAsync(request.Name, context.Caller().AccountId, context.CancellationToken));

    /// <inheritdoc/>
    public override async Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context)
    {
        var size = Paging.Size(request.PageSize);
        var jobs = await store.ListAsync(
            context.Caller().AccountId,
            OptionalUid("study_instance_uid", request.StudyInstanceUid),
            OptionalUid("series_instance_uid", request.SeriesInstanceUid),
            Paging.DecodeNewest(request.PageToken),
            size + 1,
            context.CancellationToken);
        var response = new ListJobsResponse { Jobs = { jobs.Take(size).Select(views.Show) } };
        if (jobs.Count > size) response.NextPageToken = Paging.EncodeNewest(jobs[size - 1].CreateTime, jobs[size - 1].Id);
        return response;
    }

    /// <inheritdoc/>
    public override async Task WatchJob(WatchJobRequest request, IServerStreamWriter<Job> responseStream, ServerCallContext context)
    {
        var owner = context.Caller().AccountId;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var subscription = changes.Subscribe(ResourceName.Parse(Collection, request.Name));
        Job? shown = null;
        while (true)
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested) throw MeshErrors.Unavailable("The service restarts. Watch the job again.");
            var record = await FindAsync(request.Name, owner, context.CancellationToken);
            var job = views.Show(record);
            if (!job.Equals(shown)) await responseStream.WriteAsync(job, context.CancellationToken);
            if (record.HasEnded) return;
            shown = job;
            try
            {
                await subscription.Changes.WaitAsync(WatchFallback, stop.Token);
            }
            catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
            {
                // The service stops; said above.
            }
        }
    }

    /// <inheritdoc/>
    public override async Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context)
    {
        var owner = context.Caller().AccountId;
        var job = await FindAsync(request.Name, owner, context.CancellationToken);
        if (!job.HasEnded)
        {
            await store.CancelAsync(job.Id, owner, context.CancellationToken);
            running.Stop(job.Id);
        }

        return views.Show(await FindAsync(request.Name, owner, context.CancellationToken));
    }

    private static string OptionalUid(string field, string uid) =>
        uid.Length == 0 || Dicom.DicomUid.IsValid(uid) ? uid : throw MeshErrors.Invalid(field, "must be a DICOM UID");
}
