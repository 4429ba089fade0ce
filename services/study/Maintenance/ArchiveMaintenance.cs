using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>What a round of maintenance did.</summary>
internal readonly record struct MaintenanceResult(int MergedBatches, int RetiredPacks, int WrittenPacks, SweepResult Swept);

/// <summary>
/// Keeps the store in order in the background: merges, then sweeps. One replica at a time, by a lock in the database that
/// ends with the connection of whoever holds it.
/// </summary>
internal sealed partial class ArchiveMaintenance(
    NpgsqlDataSource database, BatchMerger batches, PackMerger packs, StoreSweeper sweeper, StudyOptions options, TimeProvider time, ILogger<ArchiveMaintenance> log)
    : BackgroundService
{
    private const string LockName = "study maintenance";
    private static readonly TimeSpan OrphanInterval = TimeSpan.FromHours(12);

    /// <summary>Does a round now.</summary>
    /// <param name="idle">Studies and series untouched for this long are merged.</param>
    /// <param name="grace">What was retired before is removed.</param>
    /// <param name="orphanGrace">Objects that nothing refers to and that are older are removed; null: not looked for.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <returns>Null when another replica is at it.</returns>
    public async Task<MaintenanceResult?> RunAsync(TimeSpan idle, TimeSpan grace, TimeSpan? orphanGrace, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction turn = await connection.BeginTransactionAsync(cancellationToken);

        // Held by an open transaction that does nothing: it must not be ended for being idle.
        await using (NpgsqlCommand patience = new("SET LOCAL idle_in_transaction_session_timeout = 0", connection))
        {
            await patience.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (NpgsqlCommand take = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(hashtext($1))", connection).With(LockName))
        {
            if (await take.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return null;
            }
        }

        int joined = await batches.RunAsync(idle, cancellationToken);
        (int retired, int written) = await packs.RunAsync(idle, cancellationToken);
        SweepResult swept = await sweeper.SweepRetiredAsync(grace, cancellationToken);
        if (orphanGrace is { } old)
        {
            swept = swept with { Orphans = (await sweeper.SweepOrphansAsync(old, cancellationToken)).Orphans };
        }

        MaintenanceResult result = new(joined, retired, written, swept);
        if (result != default)
        {
            LogDone(log, joined, retired, written, swept.Packs, swept.Orphans);
        }

        return result;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long orphans = time.GetTimestamp();
        using PeriodicTimer timer = new(options.MaintenanceInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                bool all = time.GetElapsedTime(orphans) >= OrphanInterval;
                await RunAsync(options.MergeIdle, options.RetireGrace, all ? options.OrphanGrace : null, stoppingToken);
                orphans = all ? time.GetTimestamp() : orphans;
            }
            catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException or SealedDataException)
            {
                LogFailed(log, e.GetType().Name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Joined {Batches} metadata batches, merged {Old} packs into {New}, removed {Swept} retired packs and {Orphans} objects that nothing refers to")]
    private static partial void LogDone(ILogger log, int batches, int old, int @new, int swept, int orphans);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Maintenance of the store failed ({Kind}); it is tried again later")]
    private static partial void LogFailed(ILogger log, string kind);
}
