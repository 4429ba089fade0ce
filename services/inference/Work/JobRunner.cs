using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Pods;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Model.V1;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Options;
using Npgsql;

namespace MedCloudCare.Jobs.Work;

/// <summary>Runs a claimed job and records how it ended.</summary>
public sealed partial class JobRunner(
    JobStore store,
    JobSeal seal,
    StudyService.StudyServiceClient studies,
    ModelService.ModelServiceClient models,
    ReplicaDirectory replicas,
    JobTelemetry telemetry,
    IOptions<InferenceOptions> options,
    TimeProvider time,
    ILogger<JobRunner> log)
{
    // A job that keeps killing the process that runs it must end, too.
    private const int MaxCrashes = 10;
    private const int MaxFaults = 5;
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24), LastDelay = TimeSpan.FromSeconds(60);

    /// <summary>Returns when the job has ended, was given back, or is no longer this process's. Does not throw.</summary>
    public async Task RunAsync(ClaimedJob job, RunningJobs.Run run)
    {
        using var span = JobTelemetry.Start(job);
        var start = time.GetTimestamp();
        telemetry.Claimed(job.Record);
        var (state, reason) = await TryAsync(job, run);
        var elapsed = time.GetElapsedTime(start);
        telemetry.Ended(state, reason, elapsed);
        span?.SetTag("mcc.state", state);
        LogEnded(log, job.Id, job.Record.Model, job.Record.Version, state, elapsed.TotalSeconds, reason);
    }

    private async Task<(string State, Reason Reason)> TryAsync(ClaimedJob job, RunningJobs.Run run)
    {
        try
        {
            return await ExecuteAsync(job, run);
        }
        catch (LeaseLostException)
        {
            return ("lost", Reason.Unspecified);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // The end could not be written: the lease runs out and somebody takes the job.
            LogFault(log, job.Id, e.GetType().Name, e.StackTrace);
            return ("lost", Reason.ServiceUnavailable);
        }
    }

    private async Task<(string State, Reason Reason)> ExecuteAsync(ClaimedJob job, RunningJobs.Run run)
    {
        try
        {
            if (job.Record.Crashes > MaxCrashes) throw new JobFailedException(Reason.Internal, "The service ended too often while it ran this job.");
            var execution = new JobExecution(job, store, seal, studies, models, replicas, telemetry, options.Value);
            var result = await execution.RunAsync(run.Stopping);
            await store.SucceedAsync(job, result, CancellationToken.None);
            return ("succeeded", Reason.Unspecified);
        }
        catch (JobFailedException e)
        {
            return await FailAsync(job, e.ToError());
        }
        catch (Exception e) when (run.Cause == StopCause.Lost && e is not LeaseLostException)
        {
            return ("lost", Reason.Unspecified);
        }
        catch (Exception e) when (run.Cause == StopCause.Shutdown && e is not LeaseLostException)
        {
            await store.PostponeAsync(job, TimeSpan.Zero, CancellationToken.None);
            return ("postponed", Reason.Unspecified);
        }
        catch (TryLaterException e)
        {
            return await PostponeAsync(job, Reason.ServiceUnavailable, e.Message, time.GetUtcNow() - job.Record.CreateTime > MaxAge);
        }
        catch (Exception e) when (e is not (LeaseLostException or NpgsqlException { IsTransient: true }))
        {
            LogFault(log, job.Id, e.GetType().Name, e.StackTrace);
            return await PostponeAsync(job, Reason.Internal, "A fault of this system.", job.Record.Attempt >= MaxFaults);
        }
    }

    private async Task<(string State, Reason Reason)> PostponeAsync(ClaimedJob job, Reason reason, string why, bool isEnough)
    {
        if (isEnough)
        {
            var message = reason == Reason.Internal
                ? $"A fault of this system; tell its operator this identifier: {job.Id:D}"
                : "A service that is needed did not answer for too long.";
            return await FailAsync(job, new JobError { Reason = reason, Message = message });
        }

        var delay = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(job.Record.Attempt, 10)) / 2, LastDelay.TotalSeconds));
        LogPostponed(log, job.Id, delay.TotalSeconds, why);
        await store.PostponeAsync(job, delay, CancellationToken.None);
        return ("postponed", reason);
    }

    private async Task<(string State, Reason Reason)> FailAsync(ClaimedJob job, JobError error)
    {
        await store.FailAsync(job, error, CancellationToken.None);
        return ("failed", error.Reason);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} of models/{Model}/versions/{Version}: {State} after {Seconds:F1} s (reason {Reason})")]
    private static partial void LogEnded(ILogger log, Guid job, Guid model, int version, string state, double seconds, Reason reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} waits {Seconds} s: {Why}")]
    private static partial void LogPostponed(ILogger log, Guid job, double seconds, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job} met a fault: {Kind}\n{Stack}")]
    private static partial void LogFault(ILogger log, Guid job, string kind, string? stack);
}
