using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Takes the rows of a study away and notes the deletion and the packs that are dead by it, in one transaction: from its
/// commit on nobody sees the study, and its UIDs are free for a new one.
/// </summary>
internal static class DeletionTransaction
{
    // Studies of 100,000 instances take some seconds.
    private const int TimeoutSeconds = 600;

    /// <summary>Runs it. The key is to be erased afterwards; the deletion noted says so until it is.</summary>
    /// <returns>False when there is no such study of this owner.</returns>
    public static async Task<bool> RunAsync(NpgsqlDataSource database, Guid study, Guid owner, int? instances = null)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();

        long change = await CountAsync(connection, owner);
        await using NpgsqlCommand find = Command(connection, "SELECT instance_count FROM studies WHERE id = $1 AND owner = $2 FOR UPDATE", study, owner);
        if (await find.ExecuteScalarAsync() is not int held || (instances is { } expected && held != expected))
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

    /// <summary>Counts a change of the owner's studies, which every transaction that makes one does first.</summary>
    public static async Task<long> CountAsync(NpgsqlConnection connection, Guid owner)
    {
        await using NpgsqlCommand count = Command(connection,
            "INSERT INTO owners (owner, change) VALUES ($1, 1) ON CONFLICT (owner) DO UPDATE SET change = owners.change + 1 RETURNING change", owner);
        return (long)(await count.ExecuteScalarAsync())!;
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
}
