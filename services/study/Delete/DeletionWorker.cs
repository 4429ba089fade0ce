using Grpc.Core;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Does what a deletion leaves to the background: erases keys where that was cut short, and removes the objects that hold
/// nothing any more.
/// </summary>
internal sealed partial class DeletionWorker(
    NpgsqlDataSource database, IObjectStore store, RemovalHolds holds, StudyDeletion deletion, GrantRemoval? grants, DeletionSignal signal, ILogger<DeletionWorker> log) : BackgroundService
{
    // What other replicas have deleted and could not finish is found at the latest after this time.
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Does everything that is to be done now; the grants last, which need another service.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await deletion.FinishAsync(cancellationToken);
        await RemovePacksAsync(cancellationToken);
        if (grants is not null)
        {
            await grants.RunOnceAsync(cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        bool first = true;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (first && await deletion.RemoveErasedAsync(stoppingToken) is var removed and > 0)
                {
                    LogOlder(log, removed);
                }

                first = false;
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException or RpcException)
            {
                LogFailed(log, e.GetType().Name);
            }

            await signal.WaitAsync(Interval, stoppingToken);
        }
    }

    private async Task RemovePacksAsync(CancellationToken cancellationToken)
    {
        // A backup that is being taken still finds what its copy of the database refers to.
        while (!await holds.AnyAsync(cancellationToken))
        {
            List<Guid> dead = await database.CreateCommand("SELECT id FROM dead_packs ORDER BY dead_time LIMIT 100")
                .ListAsync(r => r.GetGuid(0), cancellationToken);
            if (dead.Count == 0)
            {
                return;
            }

            foreach (Guid id in dead)
            {
                await store.DeleteAsync(id, cancellationToken);
            }

            // The rows last: a crash before this removes the objects once more, which does no harm.
            await using NpgsqlCommand forget = database.CreateCommand("DELETE FROM dead_packs WHERE id = ANY($1)");
            forget.Parameters.AddWithValue(dead.ToArray());
            await forget.ExecuteNonQueryAsync(cancellationToken);
            LogRemoved(log, dead.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Packs} packs of what was deleted")]
    private static partial void LogRemoved(ILogger log, int packs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The key store holds erasures that the database did not know of: {Studies} studies were deleted again")]
    private static partial void LogOlder(ILogger log, int studies);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Removing what was deleted failed ({Kind}); it is tried again")]
    private static partial void LogFailed(ILogger log, string kind);
}
