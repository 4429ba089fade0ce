using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Joins small metadata batches of a series, so that its metadata are few rows however it was stored. Readers that know the
/// old rows find them until they are swept.
/// </summary>
internal sealed partial class BatchMerger(NpgsqlDataSource database, IDataKeyStore keys, StudyOptions options, ILogger<BatchMerger> log)
{
    private const int SmallBelow = 64;
    private const int SeriesAtATime = 1000;

    private const string Candidates = """
        SELECT b.series_id, e.study_id, s.owner FROM metadata_batches b JOIN series e ON e.id = b.series_id JOIN studies s ON s.id = e.study_id
        WHERE b.retire_time IS NULL AND b.instance_count < $1 AND e.update_time < now() - $2
        GROUP BY 1, 2, 3 HAVING count(*) >= $3 LIMIT $4
        """;

    private const string Switch = """
        UPDATE instances i SET batch_id = $1, batch_position = v.position
        FROM unnest($2, $3, $4) AS v (id, batch, position) WHERE i.id = v.id AND i.batch_id = v.batch
        """;

    /// <summary>Joins batches of series to which nothing was added for a while.</summary>
    /// <returns>How many batches went into others.</returns>
    public async Task<int> RunAsync(TimeSpan idle, CancellationToken cancellationToken)
    {
        int merged = 0;
        List<(Guid Series, Guid Study, Guid Owner)> candidates = await database.CreateCommand(Candidates)
            .With(SmallBelow, idle, options.MergePacks, SeriesAtATime)
            .ListAsync(r => (r.GetGuid(0), r.GetGuid(1), r.GetGuid(2)), cancellationToken);
        foreach ((Guid series, Guid study, Guid owner) in candidates)
        {
            try
            {
                merged += await MergeAsync(series, study, owner, cancellationToken);
            }
            catch (DataKeyErasedException)
            {
                // Deleted meanwhile.
            }
            catch (Exception e) when (e is SealedDataException or InvalidDataException or DataKeyNotFoundException or ZstdSharp.ZstdException)
            {
                // Damaged: left as it is, for verify to say where. The others go on.
                LogDamaged(log, series, e.GetType().Name);
            }
        }

        return merged;
    }

    private async Task<int> MergeAsync(Guid series, Guid study, Guid owner, CancellationToken cancellationToken)
    {
        List<(Guid Id, int Count, int Bytes)> batches = await database
            .CreateCommand("SELECT id, instance_count, octet_length(content) FROM metadata_batches WHERE series_id = $1 AND retire_time IS NULL AND instance_count < $2 ORDER BY id")
            .With(series, options.GroupInstances)
            .ListAsync(r => (r.GetGuid(0), r.GetInt32(1), r.GetInt32(2)), cancellationToken);
        using DataKey key = await keys.GetAsync(study, cancellationToken);
        int merged = 0;
        for (int start = 0; start < batches.Count;)
        {
            // Compressed, metadata of slices are a tenth of what they were.
            int end = start;
            long instances = 0, bytes = 0;
            do
            {
                instances += batches[end].Count;
                bytes += 10L * batches[end].Bytes;
                end++;
            }
            while (end < batches.Count && instances + batches[end].Count <= options.GroupInstances && bytes + (10L * batches[end].Bytes) <= options.GroupMetadataBytes);

            if (end - start > 1 && await JoinAsync(series, owner, key, [.. batches[start..end].Select(b => b.Id)], cancellationToken))
            {
                merged += end - start;
            }

            start = end;
        }

        return merged;
    }

    private async Task<bool> JoinAsync(Guid series, Guid owner, DataKey key, Guid[] old, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.LockOwnerAsync(owner, cancellationToken);
        List<(Guid Id, Guid Batch, int Position)> rows = await new NpgsqlCommand(
            "SELECT id, batch_id, batch_position FROM instances WHERE series_id = $1 AND batch_id = ANY($2) ORDER BY batch_id, batch_position", connection)
            .With(series, old).ListAsync(r => (r.GetGuid(0), r.GetGuid(1), r.GetInt32(2)), cancellationToken);
        if (rows.Count == 0)
        {
            return false;
        }

        Dictionary<Guid, ReadOnlyMemory<byte>[]> documents = [];
        foreach (Guid id in rows.Select(r => r.Batch).Distinct())
        {
            documents.Add(id, await MetadataReader.ReadAsync(database, key, id, cancellationToken));
        }

        Guid batch = Guid.CreateVersion7();
        byte[] content = key.SealRow(MetadataBatch.Compress([.. rows.Select(r => documents[r.Batch][r.Position])]), StudySeals.Metadata(batch));
        await using NpgsqlCommand insert = new NpgsqlCommand(
            "INSERT INTO metadata_batches (id, series_id, instance_count, content) VALUES ($1, $2, $3, $4)", connection).With(batch, series, rows.Count, content);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand move = new NpgsqlCommand(Switch, connection)
            .With(batch, rows.Select(r => r.Id).ToArray(), rows.Select(r => r.Batch).ToArray(), Enumerable.Range(0, rows.Count).ToArray());
        await using NpgsqlCommand retire = new NpgsqlCommand("UPDATE metadata_batches SET retire_time = now() WHERE id = ANY($1)", connection).With((object)old);
        if (await move.ExecuteNonQueryAsync(cancellationToken) != rows.Count || await retire.ExecuteNonQueryAsync(cancellationToken) != old.Length)
        {
            return false;
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The metadata of series {Series} cannot be merged ({Kind}): mcc archive verify says where they are damaged")]
    private static partial void LogDamaged(ILogger log, Guid series, string kind);
}
