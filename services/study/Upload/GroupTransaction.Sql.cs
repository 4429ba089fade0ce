using MedCloudCare.Study.V1;
using Npgsql;
using NpgsqlTypes;

namespace MedCloudCare.Studies;

internal sealed partial class GroupTransaction
{
    /// <summary>Takes the owner's counter, then reads uploads, instances, studies and series that the groups touch.</summary>
    /// <returns>The change number of this transaction.</returns>
    private async Task<long> LockAndReadAsync(NpgsqlConnection connection)
    {
        PendingInstance[] pending = [.. groups.SelectMany(g => g.Pending)];
        Guid[] studies = [.. pending.Select(i => i.Study.Id).Distinct()];
        await using NpgsqlBatch batch = new(connection);
        Add(batch, "INSERT INTO owners (owner, change) VALUES ($1, 1) ON CONFLICT (owner) DO UPDATE SET change = owners.change + 1 RETURNING change", owner);
        ReserveAdopted(batch);
        Add(batch, "SELECT id, committed_instances FROM uploads WHERE id = ANY($1) FOR UPDATE", groups.Select(g => g.Upload).OfType<Guid>().Distinct().ToArray());
        Add(batch, "SELECT sop_instance_uid, sha256 FROM instances WHERE owner = $1 AND sop_instance_uid = ANY($2)",
            owner, pending.Select(i => i.SopInstanceUid).ToArray());
        Add(batch, "SELECT id, attributes, patient_key FROM studies WHERE id = ANY($1) FOR UPDATE", studies);
        Add(batch, "SELECT id, study_id, series_instance_uid, author FROM series WHERE study_id = ANY($1) AND series_instance_uid = ANY($2)",
            studies, pending.Select(i => i.SeriesInstanceUid).Distinct().ToArray());

        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync();
        await reader.ReadAsync();
        long change = reader.GetInt64(0);
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            _committed.Add(reader.GetGuid(0), reader.GetInt64(1));
        }

        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            _stored.Add(reader.GetString(0), reader.GetFieldValue<byte[]>(1));
        }

        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            _studies.Add(reader.GetGuid(0), new StudyChange(reader.GetGuid(0), Bytes(reader, 1), Bytes(reader, 2)));
        }

        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            _series.Add((reader.GetGuid(1), reader.GetString(2)), new SeriesChange(reader.GetGuid(0), null, reader.GetGuid(3), isNew: false));
        }

        return _studies.Count == studies.Length ? change : throw new StudyVanishedException([.. studies.Where(s => !_studies.ContainsKey(s))]);
    }

    /// <summary>
    /// Makes the rows of studies that a rebuild finds in the store. In this transaction, not before: a reservation that nothing
    /// was committed to would be taken back, and the study's key with it.
    /// </summary>
    private void ReserveAdopted(NpgsqlBatch batch)
    {
        OpenStudy[] studies = [.. groups.Where(g => g.Adopted.Count > 0).SelectMany(g => g.Pending).Select(i => i.Study).Distinct()];
        if (studies.Length > 0)
        {
            Add(batch, """
                INSERT INTO studies (id, owner, study_instance_uid, create_time) SELECT v.id, $2, v.uid, v.created
                FROM unnest($1, $3, $4) AS v (id, uid, created) ON CONFLICT DO NOTHING
                """,
                Map(studies, s => s.Id), owner, Map(studies, s => s.StudyInstanceUid), Map(studies, s => UuidTime.Of(s.Id)));
        }
    }

    private async Task WriteAsync(NpgsqlConnection connection, long change)
    {
        await using NpgsqlBatch batch = new(connection);
        WriteSeries(batch);
        WriteStudies(batch, change);
        WritePacks(batch);
        WriteBatches(batch);
        WriteInstances(batch);
        WriteUploads(batch);
        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync();
        }
    }

    private void WriteUploads(NpgsqlBatch batch)
    {
        List<UploadGroup> resumable = [.. groups.Where(g => g.Upload is not null)];
        if (resumable.Count == 0)
        {
            return;
        }

        Add(batch, """
            UPDATE uploads u SET committed_instances = u.committed_instances + v.n, stored_instances = u.stored_instances + v.stored,
                duplicate_instances = u.duplicate_instances + v.duplicate, refused_instances = u.refused_instances + v.refused,
                stored_bytes = u.stored_bytes + v.bytes, update_time = now()
            FROM (SELECT id, sum(n) n, sum(stored) stored, sum(duplicate) duplicate, sum(refused) refused, sum(bytes)::bigint bytes
                  FROM unnest($1, $2, $3, $4, $5, $6) AS t (id, n, stored, duplicate, refused, bytes) GROUP BY id) v
            WHERE u.id = v.id
            """,
            Map(resumable, g => g.Upload!.Value), Map(resumable, g => g.Results.Count),
            Map(resumable, g => CountAfter(g, InstanceResult.Types.Outcome.Stored)),
            Map(resumable, g => CountAfter(g, InstanceResult.Types.Outcome.Duplicate)),
            Map(resumable, g => CountAfter(g, InstanceResult.Types.Outcome.Refused)),
            Map(resumable, BytesAfter));
    }

    private void WriteSeries(NpgsqlBatch batch)
    {
        List<KeyValuePair<(Guid Study, string Uid), SeriesChange>> added = [.. _series.Where(s => s.Value is { IsNew: true, Instances: > 0 })];
        if (added.Count > 0)
        {
            Add(batch, """
                INSERT INTO series (id, study_id, series_instance_uid, author, attributes, instance_count, size_bytes)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                """,
                Map(added, s => s.Value.Id), Map(added, s => s.Key.Study), Map(added, s => s.Key.Uid), Map(added, s => s.Value.Author),
                Map(added, s => s.Value.SealAttributes()), Map(added, s => s.Value.Instances), Map(added, s => s.Value.Bytes));
        }

        List<SeriesChange> grown = [.. _series.Values.Where(s => s is { IsNew: false, Instances: > 0 })];
        if (grown.Count > 0)
        {
            Add(batch, """
                UPDATE series s SET instance_count = s.instance_count + v.instances, size_bytes = s.size_bytes + v.bytes, update_time = now()
                FROM unnest($1, $2, $3) AS v (id, instances, bytes) WHERE s.id = v.id
                """,
                Map(grown, s => s.Id), Map(grown, s => s.Instances), Map(grown, s => s.Bytes));
        }
    }

    private void WriteStudies(NpgsqlBatch batch, long change)
    {
        List<StudyChange> changed = [.. _studies.Values.Where(s => s.IsChanged)];
        if (changed.Count == 0)
        {
            return;
        }

        List<(byte[] Attributes, byte[]? PatientKey)> rows = [.. changed.Select(s => s.Seal(patients))];
        Add(batch, """
            UPDATE studies s SET attributes = v.attributes, patient_key = v.patient_key, series_count = s.series_count + v.series,
                instance_count = s.instance_count + v.instances, size_bytes = s.size_bytes + v.bytes, change = $7, update_time = now()
            FROM unnest($1, $2, $3, $4, $5, $6) AS v (id, attributes, patient_key, series, instances, bytes) WHERE s.id = v.id
            """,
            Map(changed, s => s.Id), Map(rows, r => r.Attributes), Map(rows, r => r.PatientKey), Map(changed, s => s.NewSeries),
            Map(changed, s => s.Instances), Map(changed, s => s.Bytes), change);
    }

    private void WritePacks(NpgsqlBatch batch)
    {
        List<(Guid Id, Guid StudyId, long Size)> packs =
        [
            .. groups.SelectMany(g => g.Packs).Select(p => (p.Pack.Id, p.Pack.StudyId, p.Size)), .. groups.SelectMany(g => g.Adopted).Distinct(),
        ];
        if (packs.Count > 0)
        {
            Add(batch, """
                INSERT INTO packs (id, study_id, size) SELECT * FROM unnest($1, $2, $3)
                ON CONFLICT (id) DO UPDATE SET size = excluded.size
                """,
                Map(packs, p => p.Id), Map(packs, p => p.StudyId), Map(packs, p => p.Size));
        }
    }

    private void WriteBatches(NpgsqlBatch batch)
    {
        if (_batches.Count > 0)
        {
            Add(batch, "INSERT INTO metadata_batches (id, series_id, instance_count, content) SELECT * FROM unnest($1, $2, $3, $4)",
                Map(_batches, b => b.Id), Map(_batches, b => SeriesIdOf(b.Instances[0])), Map(_batches, b => b.Instances.Count),
                Map(_batches, b => b.Instances[0].Study.Key.SealRow(b.Compressed, StudySeals.Metadata(b.Id))));
        }
    }

    private void WriteInstances(NpgsqlBatch batch)
    {
        List<(PendingInstance Instance, Guid Batch, int Position)> rows = [];
        foreach (MetadataBatch metadata in _batches)
        {
            for (int i = 0; i < metadata.Instances.Count; i++)
            {
                rows.Add((metadata.Instances[i], metadata.Id, i));
            }
        }

        if (rows.Count == 0)
        {
            return;
        }

        Add(batch, """
            INSERT INTO instances (owner, id, series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, pack_id, pack_offset,
                sealed_length, length, seal_header, sha256, layout, instance_number, rows, columns, bits_allocated, frames, batch_id, batch_position)
            SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
            """,
            owner, Map(rows, r => r.Instance.Id), Map(rows, r => SeriesIdOf(r.Instance)), Map(rows, r => r.Instance.SopInstanceUid),
            Map(rows, r => r.Instance.SopClassUid), Map(rows, r => r.Instance.TransferSyntaxUid), Map(rows, r => r.Instance.PackId),
            Map(rows, r => r.Instance.Offset), Map(rows, r => r.Instance.SealedLength), Map(rows, r => r.Instance.Length),
            Map(rows, r => r.Instance.SealHeader), Map(rows, r => r.Instance.Sha256),
            Map(rows, r => r.Instance.Study.Key.SealRow(r.Instance.Layout, StudySeals.Layout(r.Instance.Id))),
            Map(rows, r => r.Instance.Facts.InstanceNumber), Map(rows, r => r.Instance.Facts.Rows), Map(rows, r => r.Instance.Facts.Columns),
            Map(rows, r => r.Instance.Facts.BitsAllocated), Map(rows, r => r.Instance.Facts.Frames), Map(rows, r => r.Batch), Map(rows, r => r.Position));
    }

    private Guid SeriesIdOf(PendingInstance instance) => _series[(instance.Study.Id, instance.SeriesInstanceUid)].Id;

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        NpgsqlBatchCommand command = new(sql);
        foreach (object value in values)
        {
            NpgsqlParameter parameter = new() { Value = value };
            if (value is byte[]?[])
            {
                parameter.NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea;
            }

            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
    }

    private static TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> value)
    {
        TResult[] results = new TResult[items.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = value(items[i]);
        }

        return results;
    }

    private static byte[]? Bytes(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);
}
