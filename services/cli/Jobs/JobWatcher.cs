using Grpc.Core;
using MedCloudCare.Inference.V1;

namespace MedCloudCare.Cli.Jobs;

/// <summary>Follows a job to its end, through restarts of the services.</summary>
internal static class JobWatcher
{
    private const int AttemptsWithoutNews = 10;

    /// <summary>Whether a job in this state will not change any more.</summary>
    public static bool HasEnded(Job job) => job.State is Job.Types.State.Succeeded or Job.Types.State.Failed or Job.Types.State.Cancelled;

    /// <summary>Waits for the end.</summary>
    /// <param name="jobs">The inference service.</param>
    /// <param name="job">The job as it was answered.</param>
    /// <param name="progress">Told the fraction done and a remark.</param>
    /// <param name="cancellationToken">Stops watching; the job goes on.</param>
    public static async Task<Job> WaitAsync(InferenceService.InferenceServiceClient jobs, Job job, Action<double, string> progress, CancellationToken cancellationToken)
    {
        int failures = 0;
        while (!HasEnded(job))
        {
            try
            {
                using AsyncServerStreamingCall<Job> watch = jobs.WatchJob(new WatchJobRequest { Name = job.Name }, cancellationToken: cancellationToken);
                await foreach (Job now in watch.ResponseStream.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                {
                    job = now;
                    failures = 0;
                    progress(now.Progress, now.Attempt > 1 ? $"{now.Message} (attempt {now.Attempt})" : now.Message);
                }
            }
            catch (RpcException e) when (IsBroken(e) && failures < AttemptsWithoutNews && !cancellationToken.IsCancellationRequested)
            {
                progress(job.Progress, "the connection broke; the job goes on");
            }

            if (!HasEnded(job))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5_000, 200 << failures)), cancellationToken).ConfigureAwait(false);
                failures++;
            }
        }

        return job;
    }

    private static bool IsBroken(RpcException error) =>
        error.Status.DebugException is not CliException
        && error.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.DeadlineExceeded;
}
