using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Clears up after processes that died (at start and from time to time): packs are cut to what is committed, reservations
/// without instances are taken back; forgets uploads that nobody goes on with; closes idle packs.
/// </summary>
internal sealed partial class Housekeeping(
    NpgsqlDataSource database, IObjectStore store, PackPool packs, StudyRegistry studies, StudyOptions options, TimeProvider time, ILogger<Housekeeping> log)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    // No upload of one instance takes longer from its identifiers to its commit.
    private static readonly TimeSpan ReservationLifetime = TimeSpan.FromHours(6);

    /// <summary>Ends packs of dead writers.</summary>
    /// <returns>How many.</returns>
    public Task<int> RecoverAsync(CancellationToken cancellationToken) => store.RecoverAsync(CommittedLengthAsync, cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long swept = 0;
        bool first = true;
        using PeriodicTimer timer = new(Interval, time);
        do
        {
            packs.CloseIdle();
            if (first || time.GetElapsedTime(swept) >= SweepInterval)
            {
                first = false;
                swept = time.GetTimestamp();
                await SweepAsync(stoppingToken);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Sweeps once.</summary>
    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            int ended = await RecoverAsync(cancellationToken);
            int reservations = await studies.SweepAsync(ReservationLifetime, cancellationToken);
            await using NpgsqlCommand command = database.CreateCommand("DELETE FROM uploads WHERE update_time < now() - $1");
            command.Parameters.AddWithValue(options.UploadLifetime);
            int forgotten = await command.ExecuteNonQueryAsync(cancellationToken);
            forgotten += await ForgetOldestAsync(cancellationToken);
            if (ended + reservations + forgotten > 0)
            {
                LogSwept(log, ended, reservations, forgotten);
            }
        }
        catch (Exception e) when (e is NpgsqlException or IOException)
        {
            LogFailed(log, e.GetType().Name);
        }
    }

    /// <summary>Bounds the uploads that an account can go on with: those used least recently go.</summary>
    private async Task<int> ForgetOldestAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            DELETE FROM uploads WHERE id IN (
                SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY account ORDER BY update_time DESC) AS place FROM uploads) u
                WHERE place > $1)
            """);
        command.Parameters.AddWithValue(options.MaxOpenUploads);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// A writer that has died may have left its commit to the database, which still works on it: the lock waits for every
    /// transaction that has written to packs, so that what is read is final and no pack is removed under a commit.
    /// </summary>
    private async Task<long?> CommittedLengthAsync(Guid pack, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (NpgsqlCommand wait = new("LOCK TABLE packs IN SHARE MODE", connection))
        {
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }

        await using NpgsqlCommand command = new("SELECT size FROM packs WHERE id = $1", connection);
        command.Parameters.AddWithValue(pack);
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Ended {Packs} packs of dead writers, took back {Reservations} reservations, forgot {Uploads} uploads")]
    private static partial void LogSwept(ILogger log, int packs, int reservations, int uploads);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clearing up failed ({Kind}); it is tried again later")]
    private static partial void LogFailed(ILogger log, string kind);
}
