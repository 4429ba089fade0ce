using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Deletes a series or an instance of a study: its rows go in one transaction, and with them its metadata. Its sealed bytes go
/// when the pack is rewritten without them (<see cref="PackMerger"/>). Whoever deletes the last instance deletes the study.
/// Thread-safe.
/// </summary>
internal sealed partial class PartDeletion(NpgsqlDataSource database, IDataKeyStore keys, StudyDeletion studies, ILogger<PartDeletion> log)
{
    private const string Find = """
        SELECT i.id, i.series_id, i.batch_id, i.length, e.instance_count FROM instances i JOIN series e ON e.id = i.series_id
        WHERE e.study_id = $1 AND e.series_instance_uid = $2 AND ($3 = '' OR i.sop_instance_uid = $3)
        """;

    private const string Move = """
        UPDATE instances i SET batch_id = $1, batch_position = v.position FROM unnest($2, $3) AS v (id, position) WHERE i.id = v.id
        """;

    private sealed record Gone(Guid Id, Guid Series, Guid Batch, long Length, int OfSeries);

    /// <summary>Deletes all instances of a series, or one of them.</summary>
    /// <param name="study">The study.</param>
    /// <param name="owner">Its owner.</param>
    /// <param name="seriesInstanceUid">The series.</param>
    /// <param name="sopInstanceUid">The instance; empty for the whole series.</param>
    /// <returns>False when there is none.</returns>
    public async Task<bool> DeleteAsync(Guid study, Guid owner, string seriesInstanceUid, string sopInstanceUid)
    {
        while (true)
        {
            (int deleted, int ofStudy) = await DeleteRowsAsync(study, owner, seriesInstanceUid, sopInstanceUid);
            if (deleted < ofStudy || deleted == 0)
            {
                return deleted > 0;
            }

            // All that the study holds, unless something was stored meanwhile.
            if (await studies.DeleteAsync(study, owner, ofStudy))
            {
                return true;
            }
        }
    }

    /// <returns>How many instances match, and how many the study has. Nothing is deleted when they are the same.</returns>
    private async Task<(int Deleted, int OfStudy)> DeleteRowsAsync(Guid study, Guid owner, string seriesInstanceUid, string sopInstanceUid)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        long change = await DeletionTransaction.CountAsync(connection, owner);
        (byte[] Attributes, int Instances)? found = (await new NpgsqlCommand(
            "SELECT attributes, instance_count FROM studies WHERE id = $1 AND owner = $2 AND instance_count > 0 FOR UPDATE", connection)
            .With(study, owner).ListAsync(r => ((byte[], int)?)(r.GetFieldValue<byte[]>(0), r.GetInt32(1)), CancellationToken.None)).SingleOrDefault();
        List<Gone> gone = found is null ? [] : await new NpgsqlCommand(Find, connection).With(study, seriesInstanceUid, sopInstanceUid)
            .ListAsync(r => new Gone(r.GetGuid(0), r.GetGuid(1), r.GetGuid(2), r.GetInt64(3), r.GetInt32(4)), CancellationToken.None);
        if (found is null || gone.Count == 0 || gone.Count == found.Value.Instances)
        {
            return (gone.Count, found?.Instances ?? 0);
        }

        using DataKey key = await keys.GetAsync(study);
        bool wholeSeries = gone.Count == gone[0].OfSeries;
        await (wholeSeries ? RemoveSeriesAsync(connection, gone[0].Series) : RemoveInstancesAsync(connection, key, gone));
        byte[] attributes = await AttributesAsync(connection, key, study, found.Value.Attributes);
        await using NpgsqlCommand update = new NpgsqlCommand("""
            UPDATE studies SET attributes = $2, series_count = series_count - $3, instance_count = instance_count - $4, size_bytes = size_bytes - $5,
                change = $6, update_time = now() WHERE id = $1
            """, connection).With(study, attributes, wholeSeries ? 1 : 0, gone.Count, gone.Sum(g => g.Length), change);
        await update.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        LogDeleted(log, gone.Count, study);
        return (gone.Count, found.Value.Instances);
    }

    private static async Task RemoveSeriesAsync(NpgsqlConnection connection, Guid series)
    {
        await using NpgsqlBatch batch = new(connection);
        foreach (string sql in (ReadOnlySpan<string>)
        [
            "DELETE FROM instances WHERE series_id = $1", "DELETE FROM metadata_batches WHERE series_id = $1", "DELETE FROM series WHERE id = $1",
        ])
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter { Value = series } } });
        }

        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// The metadata that stay go to a batch of their own; a call that has read their old place still finds the old one, until
    /// it is swept.
    /// </summary>
    private async Task RemoveInstancesAsync(NpgsqlConnection connection, DataKey key, List<Gone> gone)
    {
        Guid[] ids = [.. gone.Select(g => g.Id)];
        foreach (Guid old in gone.Select(g => g.Batch).Distinct())
        {
            List<(Guid Id, int Position)> kept = await new NpgsqlCommand(
                "SELECT id, batch_position FROM instances WHERE batch_id = $1 AND id <> ALL($2) ORDER BY batch_position", connection)
                .With(old, ids).ListAsync(r => (r.GetGuid(0), r.GetInt32(1)), CancellationToken.None);
            if (kept.Count > 0)
            {
                ReadOnlyMemory<byte>[] documents = await MetadataReader.ReadAsync(database, key, old, CancellationToken.None);
                Guid batch = Guid.CreateVersion7();
                byte[] content = key.SealRow(MetadataBatch.Compress([.. kept.Select(k => documents[k.Position])]), StudySeals.Metadata(batch));
                await using NpgsqlCommand insert = new NpgsqlCommand(
                    "INSERT INTO metadata_batches (id, series_id, instance_count, content) VALUES ($1, $2, $3, $4)", connection)
                    .With(batch, gone[0].Series, kept.Count, content);
                await insert.ExecuteNonQueryAsync();
                await using NpgsqlCommand move = new NpgsqlCommand(Move, connection)
                    .With(batch, kept.Select(k => k.Id).ToArray(), Enumerable.Range(0, kept.Count).ToArray());
                await move.ExecuteNonQueryAsync();
            }

            await using NpgsqlCommand retire = new NpgsqlCommand("UPDATE metadata_batches SET retire_time = now() WHERE id = $1", connection).With(old);
            await retire.ExecuteNonQueryAsync();
        }

        await using NpgsqlCommand delete = new NpgsqlCommand("DELETE FROM instances WHERE id = ANY($1)", connection).With((object)ids);
        await delete.ExecuteNonQueryAsync();
        await using NpgsqlCommand update = new NpgsqlCommand(
            "UPDATE series SET instance_count = instance_count - $2, size_bytes = size_bytes - $3, update_time = now() WHERE id = $1", connection)
            .With(gone[0].Series, gone.Count, gone.Sum(g => g.Length));
        await update.ExecuteNonQueryAsync();
    }

    /// <summary>The attributes of the study with the modalities and SOP classes that it still has.</summary>
    private static async Task<byte[]> AttributesAsync(NpgsqlConnection connection, DataKey key, Guid study, byte[] present)
    {
        List<string> classes = await new NpgsqlCommand(
            "SELECT DISTINCT i.sop_class_uid FROM instances i JOIN series e ON e.id = i.series_id WHERE e.study_id = $1 ORDER BY 1", connection)
            .With(study).ListAsync(r => r.GetString(0), CancellationToken.None);
        List<string> modalities = await new NpgsqlCommand("SELECT id, attributes FROM series WHERE study_id = $1", connection)
            .With(study).ListAsync(
                r => DicomDataset.FromJson(key.OpenRow(r.GetFieldValue<byte[]>(1), StudySeals.SeriesAttributes(r.GetGuid(0)))).GetString(DicomTags.Modality) ?? "",
                CancellationToken.None);
        DicomDataset attributes = DicomDataset.FromJson(key.OpenRow(present, StudySeals.StudyAttributes(study)));

        // In the order in which they came, as before.
        string[] InOrder(DicomTag tag, List<string> left) => [.. attributes.GetStrings(tag).Where(v => left.Contains(v, StringComparer.Ordinal))];
        attributes.Set(DicomTags.ModalitiesInStudy, InOrder(DicomTags.ModalitiesInStudy, modalities));
        attributes.Set(DicomTags.SOPClassesInStudy, InOrder(DicomTags.SOPClassesInStudy, classes));
        return key.SealRow(DicomJsonWriter.ToArray(attributes), StudySeals.StudyAttributes(study));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Instances} instances of study {Study}")]
    private static partial void LogDeleted(ILogger log, int instances, Guid study);
}
