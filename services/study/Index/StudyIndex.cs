using System.Collections.Concurrent;
using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>A study that a query may find, and how its caller sees it.</summary>
internal readonly record struct IndexedStudy(StudyRecord Record, Study.V1.Access Access);

/// <summary>
/// The in-memory index over sealed studies: a partition an owner, loaded on first use, dropped least recently used first when
/// the budget is full. Before every query the partition is brought up to the owner's counter, so that each replica sees what
/// the others have committed. Thread-safe.
/// </summary>
internal sealed partial class StudyIndex(NpgsqlDataSource database, IDataKeyStore keys, StudyOptions options, TimeProvider time, ILogger<StudyIndex> log)
{
    private const string Columns =
        "s.id, s.owner, s.study_instance_uid, s.series_count, s.instance_count, s.size_bytes, s.change, s.create_time, s.update_time, s.attributes";

    private const int MaxShared = 100_000;
    private readonly ConcurrentDictionary<Guid, OwnerIndex> _owners = new();
    private readonly ConcurrentDictionary<Guid, StudyRecord> _shared = new();

    /// <summary>Records held.</summary>
    public int Count => _owners.Values.Sum(o => o.Snapshot.Length) + _shared.Count;

    /// <summary>An owner's studies, newest first, as of now.</summary>
    public async Task<StudyRecord[]> OwnAsync(Guid owner, CancellationToken cancellationToken)
    {
        OwnerIndex partition = _owners.GetOrAdd(owner, static o => new OwnerIndex(o));
        partition.LastUse = time.GetTimestamp();
        long change = await ChangeOfAsync(owner, cancellationToken);
        if (change > partition.Change)
        {
            await CatchUpAsync(partition, change, cancellationToken);
            Shrink(partition);
        }

        return partition.Snapshot;
    }

    /// <summary>The studies that others share with a caller, in no order.</summary>
    public async Task<IReadOnlyList<IndexedStudy>> SharedAsync(Guid caller, CancellationToken cancellationToken)
    {
        List<(Guid Id, long Change, short Permission)> grants = [];
        await using (NpgsqlCommand command = database.CreateCommand("""
            SELECT s.id, s.change, max(a.permission) FROM sharing.effective_access_v1 a JOIN studies s ON a.resource = 'studies/' || s.id::text
            WHERE a.grantee = $1 AND a.resource LIKE 'studies/%' AND s.owner <> $1 AND s.instance_count > 0 GROUP BY s.id
            """))
        {
            command.Parameters.AddWithValue(caller);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                grants.Add((reader.GetGuid(0), reader.GetInt64(1), reader.GetInt16(2)));
            }
        }

        if (grants.Count == 0)
        {
            return [];
        }

        await LoadSharedAsync([.. grants.Where(g => !_shared.TryGetValue(g.Id, out StudyRecord? r) || r.Change < g.Change).Select(g => g.Id)], cancellationToken);
        List<IndexedStudy> shared = new(grants.Count);
        foreach ((Guid id, _, short permission) in grants)
        {
            if (_shared.TryGetValue(id, out StudyRecord? record))
            {
                shared.Add(new IndexedStudy(record, StudyAccess.AccessOf(false, permission)));
            }
        }

        return shared;
    }

    /// <summary>One study as it stands in the database.</summary>
    public async Task<StudyRecord?> GetAsync(Guid id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand($"SELECT {Columns} FROM studies s WHERE id = $1 AND instance_count > 0");
        command.Parameters.AddWithValue(id);
        List<StudyRecord> records = [];
        await ReadAsync(command, records, cancellationToken);
        return records.Count == 1 ? records[0] : null;
    }

    private async Task<long> ChangeOfAsync(Guid owner, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT change FROM owners WHERE owner = $1");
        command.Parameters.AddWithValue(owner);
        return await command.ExecuteScalarAsync(cancellationToken) is long change ? change : 0;
    }

    private async Task CatchUpAsync(OwnerIndex partition, long change, CancellationToken cancellationToken)
    {
        await partition.Gate.WaitAsync(cancellationToken);
        try
        {
            if (partition.Change >= change)
            {
                return;
            }

            // Rows are read after the counter: they may hold later changes, whole transactions each, and miss none up to it.
            await using NpgsqlCommand command = database.CreateCommand(
                $"SELECT {Columns} FROM studies s WHERE owner = $1 AND change > $2 AND instance_count > 0");
            command.Parameters.AddWithValue(partition.Owner);
            command.Parameters.AddWithValue(partition.Change);
            List<StudyRecord> changed = [];
            await ReadAsync(command, changed, cancellationToken);
            partition.Apply(changed, partition.Change == 0 ? [] : await DeletedAsync(partition, cancellationToken), change);
        }
        finally
        {
            partition.Gate.Release();
        }
    }

    private async Task<HashSet<Guid>> DeletedAsync(OwnerIndex partition, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT study_id FROM deletions WHERE owner = $1 AND change > $2");
        command.Parameters.AddWithValue(partition.Owner);
        command.Parameters.AddWithValue(partition.Change);
        HashSet<Guid> deleted = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            deleted.Add(reader.GetGuid(0));
        }

        return deleted;
    }

    private async Task LoadSharedAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length == 0)
        {
            return;
        }

        if (_shared.Count + ids.Length > MaxShared)
        {
            _shared.Clear();
        }

        await using NpgsqlCommand command = database.CreateCommand($"SELECT {Columns} FROM studies s WHERE id = ANY($1)");
        command.Parameters.AddWithValue(ids);
        List<StudyRecord> records = [];
        await ReadAsync(command, records, cancellationToken);
        foreach (StudyRecord record in records)
        {
            _shared[record.Id] = record;
        }
    }

    private async Task ReadAsync(NpgsqlCommand command, List<StudyRecord> records, CancellationToken cancellationToken)
    {
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            StudyRow row = new(
                reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt64(5),
                reader.GetInt64(6), reader.GetDateTime(7), reader.GetDateTime(8));
            try
            {
                using DataKey key = await keys.GetAsync(row.Id, cancellationToken);
                byte[] attributes = key.OpenRow(reader.GetFieldValue<byte[]>(9), StudySeals.StudyAttributes(row.Id));
                records.Add(StudyRecord.Of(row, DicomDataset.FromJson(attributes)));
            }
            catch (DataKeyErasedException)
            {
                // Deleted: its rows are on their way out.
            }
            catch (Exception e) when (e is SealedDataException or DataKeyNotFoundException or DicomException)
            {
                // One damaged study must not hide the others. Asking for it says SEAL_BROKEN.
                LogUnreadable(log, row.Id, e.GetType().Name);
            }
        }
    }

    /// <summary>Drops partitions that were asked for least recently until the rest fits.</summary>
    private void Shrink(OwnerIndex keep)
    {
        while (_owners.Count > 1 && _owners.Values.Sum(o => (long)o.Snapshot.Length) > options.IndexEntries)
        {
            OwnerIndex oldest = _owners.Values.Where(o => o != keep).MinBy(o => o.LastUse)!;
            _owners.TryRemove(oldest.Owner, out _);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The attributes of study {Study} cannot be opened ({Kind}); it is left out of lists")]
    private static partial void LogUnreadable(ILogger log, Guid study, string kind);
}
