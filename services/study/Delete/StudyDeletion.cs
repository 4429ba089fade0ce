using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Deletes studies. One transaction takes the rows away and notes the deletion; then the key is erased, which is what makes
/// the deletion final. What a crash leaves between the two is finished at the next start; bytes are removed by
/// <see cref="DeletionWorker"/>. Thread-safe.
/// </summary>
internal sealed partial class StudyDeletion(
    NpgsqlDataSource database, IDataKeyStore keys, StudyRegistry registry, DeletionSignal signal, ILogger<StudyDeletion> log)
{
    // Studies of 100,000 instances take some seconds.
    private const int TimeoutSeconds = 600;

    private const string Unfinished = "SELECT study_id FROM deletions WHERE NOT key_erased LIMIT 1000";

    /// <summary>Deletes a study for good: hidden from everybody and its key erased when this returns.</summary>
    /// <returns>False when there is no such study of this owner.</returns>
    /// <exception cref="IOException">The key store failed: the study is hidden, and its key erased later.</exception>
    public async Task<bool> DeleteAsync(Guid study, Guid owner)
    {
        if (!await RemoveRowsAsync(study, owner))
        {
            return false;
        }

        registry.Forget(study);
        await EraseKeyAsync(study);
        signal.Set();
        LogDeleted(log, study);
        return true;
    }

    /// <summary>Erases the keys of deletions that were cut short.</summary>
    /// <returns>How many.</returns>
    public async Task<int> FinishAsync(CancellationToken cancellationToken)
    {
        List<Guid> left = await ReadIdsAsync(database.CreateCommand(Unfinished), cancellationToken);
        foreach (Guid study in left)
        {
            await EraseKeyAsync(study);
        }

        return left.Count;
    }

    /// <summary>
    /// Takes away the rows of studies whose keys were erased: the database is older than the key store, having been restored.
    /// </summary>
    /// <returns>How many.</returns>
    public async Task<int> RemoveErasedAsync(CancellationToken cancellationToken)
    {
        int removed = 0;
        await foreach (Guid[] erased in keys.ListErasedAsync(cancellationToken).Chunk(1000).WithCancellation(cancellationToken))
        {
            await using NpgsqlCommand command = database.CreateCommand("SELECT id, owner FROM studies WHERE id = ANY($1)");
            command.Parameters.AddWithValue(erased);
            List<(Guid Id, Guid Owner)> studies = [];
            await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    studies.Add((reader.GetGuid(0), reader.GetGuid(1)));
                }
            }

            foreach ((Guid id, Guid owner) in studies)
            {
                removed += await DeleteAsync(id, owner) ? 1 : 0;
            }
        }

        return removed;
    }

    private async Task EraseKeyAsync(Guid study)
    {
        try
        {
            await keys.EraseAsync(study);
        }
        catch (DataKeyNotFoundException)
        {
            // Nothing to erase: the key store was lost or never held it.
        }

        await using NpgsqlCommand command = database.CreateCommand("UPDATE deletions SET key_erased = true WHERE study_id = $1");
        command.Parameters.AddWithValue(study);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<bool> RemoveRowsAsync(Guid study, Guid owner)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();

        // The owner's counter first, as every change of an owner's studies does.
        await using NpgsqlCommand count = Command(connection,
            "INSERT INTO owners (owner, change) VALUES ($1, 1) ON CONFLICT (owner) DO UPDATE SET change = owners.change + 1 RETURNING change", owner);
        long change = (long)(await count.ExecuteScalarAsync())!;
        await using NpgsqlCommand find = Command(connection, "SELECT true FROM studies WHERE id = $1 AND owner = $2 FOR UPDATE", study, owner);
        if (await find.ExecuteScalarAsync() is null)
        {
            return false;
        }

        await using NpgsqlBatch batch = new(connection) { Timeout = TimeoutSeconds };
        Add(batch, "INSERT INTO deletions (study_id, owner, change) VALUES ($1, $2, $3)", study, owner, change);
        Add(batch, "INSERT INTO dead_packs (id, study_id) SELECT id, study_id FROM packs WHERE study_id = $1 ON CONFLICT DO NOTHING", study);
        Add(batch, "DELETE FROM uploads WHERE study_id = $1", study);
        Add(batch, "DELETE FROM instances WHERE series_id IN (SELECT id FROM series WHERE study_id = $1)", study);
        Add(batch, "DELETE FROM metadata_batches WHERE series_id IN (SELECT id FROM series WHERE study_id = $1)", study);
        Add(batch, "DELETE FROM series WHERE study_id = $1", study);
        Add(batch, "DELETE FROM packs WHERE study_id = $1", study);
        Add(batch, "DELETE FROM studies WHERE id = $1", study);
        await batch.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return true;
    }

    private static async Task<List<Guid>> ReadIdsAsync(NpgsqlCommand query, CancellationToken cancellationToken)
    {
        List<Guid> ids = [];
        await using (query)
        {
            await using NpgsqlDataReader reader = await query.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                ids.Add(reader.GetGuid(0));
            }
        }

        return ids;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        NpgsqlCommand command = new(sql, connection) { CommandTimeout = TimeoutSeconds };
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        NpgsqlBatchCommand command = new(sql);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(command);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted study {Study}: its key is erased")]
    private static partial void LogDeleted(ILogger log, Guid study);
}
