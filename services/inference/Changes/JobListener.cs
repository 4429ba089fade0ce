using System.Globalization;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Work;
using Npgsql;

namespace MedCloudCare.Jobs.Changes;

/// <summary>Hears what other replicas change, by LISTEN. After a lost connection everybody looks again.</summary>
public sealed partial class JobListener(NpgsqlDataSource database, JobChanges changes, RunningJobs running, ILogger<JobListener> log) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    // A dead peer is noticed by asking it, not by its silence.
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException && !stoppingToken.IsCancellationRequested)
            {
                LogLost(log, e.GetType().Name);
                await Task.Delay(Retry, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        connection.Notification += (_, notification) => Hear(notification.Payload);
        await using (var listen = new NpgsqlCommand("LISTEN inference_jobs", connection)) await listen.ExecuteNonQueryAsync(cancellation);
        changes.AnnounceAll();
        while (true)
        {
            if (await connection.WaitAsync(Probe, cancellation)) continue;
            await using var probe = new NpgsqlCommand("SELECT 1", connection);
            await probe.ExecuteScalarAsync(cancellation);
        }
    }

    private void Hear(string payload)
    {
        var parts = payload.Split(' ');
        if (parts.Length != 2 || !Guid.TryParse(parts[0], out var job) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var state)) return;
        if ((Job.Types.State)state == Job.Types.State.Queued) changes.Work.Set();
        if ((Job.Types.State)state == Job.Types.State.Cancelled) running.Stop(job);
        changes.Announce(job);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection that hears of job changes was lost ({Kind}); listening again")]
    private static partial void LogLost(ILogger log, string kind);
}
