using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Pods;
using MedCloudCare.Jobs.Results;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Model.V1;
using MedCloudCare.Pod.V1;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Jobs.Work;

/// <summary>One attempt at one job, from the check of access to the stored result.</summary>
internal sealed class JobExecution(
    ClaimedJob job,
    JobStore store,
    JobSeal seal,
    StudyService.StudyServiceClient studies,
    ModelService.ModelServiceClient models,
    ReplicaDirectory replicas,
    JobTelemetry telemetry,
    InferenceOptions options)
{
    private const int MaxPodsLost = 3;
    private const int MaxRefusals = 20;
    // Shares of the progress bar: before the model, the model, storing its result.
    private const double Started = 0.02, Computed = 0.92;

    private readonly Archive _archive = new(studies, job);

    /// <returns>The result, whose objects are stored.</returns>
    /// <exception cref="JobFailedException">The job has failed.</exception>
    /// <exception cref="TryLaterException">A service does not answer.</exception>
    /// <exception cref="LeaseLostException">Nothing more may be written.</exception>
    public async Task<JobResult> RunAsync(CancellationToken cancellation)
    {
        // 1. An earlier attempt may have stored its result and died before it could say so.
        if (await FindStoredAsync(cancellation) is { } stored) return stored;

        // 2. The grant is checked when it is used.
        await using var progress = new ProgressReporter(store, job, cancellation);
        await _archive.CheckAccessAsync(cancellation);
        var version = await FindVersionAsync(cancellation);

        // 3. The model.
        progress.Set(0, "Waiting for the model");
        var received = await ComputeAsync(progress, cancellation);

        // 4. Its result.
        progress.Set(Computed, "Storing the result");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.JobTimeout);
        try
        {
            return await StoreAsync(version, received, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TryLaterException("The archive does not take the result.");
        }
    }

    private async Task<JobResult> StoreAsync(ModelVersion version, ReceivedResult received, CancellationToken cancellation)
    {
        using var step = JobTelemetry.Step("store result");
        var headers = await _archive.RetrieveHeadersAsync(cancellation);
        var result = await Task.Run(() => new ResultBuilder(job.Record, version, headers).Build(received), cancellation);

        // Fenced: whoever lost the lease does not get past this line.
        await store.StageResultAsync(job, result.Result, cancellation);
        await new ResultUpload(studies, job).StoreAsync(result, cancellation);
        return result.Result;
    }

    private async Task<JobResult?> FindStoredAsync(CancellationToken cancellation)
    {
        if (seal.OpenResult(job.Record) is not { } staged) return null;
        if (staged.SopInstanceUids.Count == 0) return staged;
        return await _archive.CountResultAsync(cancellation) == staged.SopInstanceUids.Count ? staged : null;
    }

    private async Task<ModelVersion> FindVersionAsync(CancellationToken cancellation)
    {
        try
        {
            return await models.GetModelVersionAsync(new GetModelVersionRequest { Name = job.Record.VersionName }, _archive.Headers, cancellationToken: cancellation);
        }
        catch (RpcException e) when (!cancellation.IsCancellationRequested)
        {
            throw ServiceErrors.Translate(e, "The model");
        }
    }

    private async Task<ReceivedResult> ComputeAsync(ProgressReporter progress, CancellationToken cancellation)
    {
        using var watch = replicas.Open(job.Record.VersionName);
        var lost = new HashSet<string>(StringComparer.Ordinal);
        for (var refusals = 0; ;)
        {
            using var replica = await watch.Replicas.AcquireAsync(lost, options.ReplicaTimeout, cancellation);
            try
            {
                return await CallAsync(replica, progress, cancellation);
            }
            catch (PodLostException e) when (!cancellation.IsCancellationRequested)
            {
                telemetry.PodLost();
                replica.Suspect();
                lost.Add(replica.Id);

                // A pod that was gone before the call is no loss of the model's, but is not knocked at for ever.
                if (e.WasGone)
                {
                    if (++refusals >= MaxRefusals) throw new TryLaterException("The model's pods do not answer.", e);
                    continue;
                }

                progress.Set(0, "The model's pod was lost; trying another one");
                if (await store.RecordLostPodAsync(job, cancellation) >= MaxPodsLost) throw new JobFailedException(Reason.ModelPodLost, $"The model's pod ended in the middle of the job, {MaxPodsLost} times.", watch.Replicas.Problem);
            }
        }
    }

    private async Task<ReceivedResult> CallAsync(ModelReplicas.ReplicaUse replica, ProgressReporter progress, CancellationToken cancellation)
    {
        using var step = JobTelemetry.Step("run model");
        progress.Set(Started, "Sending the series to the model");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(2 * options.JobTimeout);
        var hasBegun = false;
        var call = new PodCall(new PodService.PodServiceClient(replica.Channel), options.MaxResultBytes, (fraction, message) =>
        {
            if (!hasBegun && fraction > 0) limit.CancelAfter(options.JobTimeout);
            hasBegun |= fraction > 0;
            progress.Set(Started + (fraction * (Computed - Started)), message);
        });
        var start = new InferRequest.Types.Start
        {
            Job = $"jobs/{job.Id:D}",
            StudyInstanceUid = job.Record.StudyUid,
            SeriesInstanceUid = job.Record.SeriesUid,
        };
        try
        {
            return await call.RunAsync(start, _archive.RetrieveAsync(limit.Token), limit.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or PodLostException && limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new JobFailedException(Reason.ModelLimitExceeded, $"The model took longer than the limit of {options.JobMinutes} minutes.");
        }
    }
}
