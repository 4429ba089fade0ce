using System.Collections.Concurrent;
using MedCloudCare.Jobs.Changes;
using MedCloudCare.Jobs.Store;
using Microsoft.Extensions.Options;
using Npgsql;

namespace MedCloudCare.Jobs.Work;

/// <summary>Takes jobs while there is a free worker, and runs them. When the process stops, its jobs go back to the queue.</summary>
public sealed partial class Dispatcher(
    JobStore store, JobRunner runner, RunningJobs running, JobChanges changes, IOptions<InferenceOptions> options, ILogger<Dispatcher> log)
    : BackgroundService
{
    // New jobs announce themselves; this finds postponed jobs whose time has come and leases that have run out.
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Task, byte> _runs = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var workers = new SemaphoreSlim(options.Value.Workers);
        try
        {
            await ReleaseAsync(stoppingToken);
            while (true)
            {
                await workers.WaitAsync(stoppingToken);
                if (await ClaimAsync(stoppingToken) is { } job)
                {
                    Run(job, workers);
                    continue;
                }

                workers.Release();
                await changes.Work.WaitAsync(Poll, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            running.StopAll(StopCause.Shutdown);
            await Task.WhenAll(_runs.Keys);
        }
    }

    private void Run(ClaimedJob job, SemaphoreSlim workers)
    {
        var run = running.Start(job.Id, job.Fence);
        var task = Task.Run(async () =>
        {
            try
            {
                using (run) await runner.RunAsync(job, run);
            }
            finally
            {
                workers.Release();
            }
        });
        _runs[task] = 0;
        _ = task.ContinueWith(x => _runs.TryRemove(x, out _), TaskScheduler.Default);
    }

    private async Task<ClaimedJob?> ClaimAsync(CancellationToken cancellation)
    {
        try
        {
            return await store.ClaimAsync(options.Value.InstanceName, options.Value.Lease, cancellation);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or InvalidOperationException { InnerException: NpgsqlException })
        {
            LogFailed(log, e.GetType().Name);
            return null;
        }
    }

    private async Task ReleaseAsync(CancellationToken cancellation)
    {
        try
        {
            var count = await store.ReleaseInstanceAsync(options.Value.InstanceName, cancellation);
            if (count > 0) LogReleased(log, count);
        }
        catch (NpgsqlException e)
        {
            // Then the leases run out by themselves.
            LogFailed(log, e.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No job could be taken: {Kind}")]
    private static partial void LogFailed(ILogger log, string kind);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} jobs of an earlier life of this process are taken up again")]
    private static partial void LogReleased(ILogger log, int count);
}
