using MedCloudCare.Jobs.Store;
using Microsoft.Extensions.Options;
using Npgsql;

namespace MedCloudCare.Jobs.Work;

/// <summary>
/// Renews the leases of the running jobs with one statement a heartbeat, and stops the runs whose lease is gone. When the
/// database cannot be reached for the length of a lease, all runs stop: others may have the jobs by then.
/// </summary>
public sealed partial class LeaseKeeper(
    JobStore store, RunningJobs running, JobTelemetry telemetry, IOptions<InferenceOptions> options, TimeProvider time, ILogger<LeaseKeeper> log)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var renewed = time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await BeatAsync(stoppingToken);
                renewed = time.GetTimestamp();
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                LogFailed(log, e.GetType().Name);
                if (time.GetElapsedTime(renewed) >= options.Value.Lease) running.StopAll(StopCause.Lost);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(options.Value.Heartbeat, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        // A statement that hangs longer than a heartbeat is a lost heartbeat.
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(options.Value.Heartbeat);
        try
        {
            if (running.Held is { Count: > 0 } held) running.StopExcept(held, await store.RenewAsync(held, options.Value.Lease, timeout.Token));
            var (queued, active) = await store.CountUnfinishedAsync(timeout.Token);
            telemetry.Unfinished(queued, active);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("The heartbeat took too long.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leases could not be renewed: {Kind}")]
    private static partial void LogFailed(ILogger log, string kind);
}
