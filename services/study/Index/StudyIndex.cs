using System.Collections.Concurrent;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>A study that a query may find, and how its caller sees it.</summary>
internal readonly record struct IndexedStudy(StudyRecord Record, Study.V1.Access Access);

/// <summary>What a caller sees: their own studies, and those that others share with them, in no order.</summary>
internal readonly record struct VisibleStudies(StudySnapshot Own, IReadOnlyList<IndexedStudy> Shared);

/// <summary>
/// The in-memory index over sealed studies: a partition an owner, loaded on first use, dropped least recently used first when
/// they take more than <see cref="StudyOptions.IndexBytes"/>; the one that is asked for stays, however large it is. Before
/// every query the partition is brought up to the owner's counter, so that each replica sees what the others have committed.
/// Thread-safe.
/// </summary>
internal sealed partial class StudyIndex(NpgsqlDataSource database, IDataKeyStore keys, StudyOptions options, TimeProvider time, ILogger<StudyIndex> log)
{
    private const string ChangeOfOwner = "SELECT change FROM owners WHERE owner = $1";

    // Study by study from the grants: joined the other way round, all studies of all owners would be read. OFFSET 0 keeps the
    // planner from doing so whatever it believes about the view.
    private const string Grants = """
        WITH granted AS MATERIALIZED (
            SELECT substr(resource, 9)::uuid AS id, max(permission) AS permission FROM sharing.effective_access_v1
            WHERE grantee = $1 AND resource ~ '^studies/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' GROUP BY 1)
        SELECT g.id, s.change, g.permission FROM granted g
        CROSS JOIN LATERAL (SELECT change FROM studies WHERE id = g.id AND owner <> $1 AND instance_count > 0 OFFSET 0) s
        """;

    private const int MaxShared = 100_000;
    private readonly ConcurrentDictionary<Guid, OwnerIndex> _owners = new();
    private readonly ConcurrentDictionary<Guid, (StudyRecord Record, long Change)> _shared = new();
    private readonly Lock _shrinking = new();

    /// <summary>Bytes that the partitions hold.</summary>
    public long Bytes => _owners.Values.Sum(o => o.Bytes);

    /// <summary>Owners whose partitions are held.</summary>
    public int Owners => _owners.Count;

    /// <summary>An owner's studies, newest first, as of now.</summary>
    public async Task<StudySnapshot> OwnAsync(Guid owner, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(ChangeOfOwner);
        command.Parameters.AddWithValue(owner);
        return await OwnAsync(owner, await command.ExecuteScalarAsync(cancellationToken) is long change ? change : 0, cancellationToken);
    }

    /// <summary>All that a caller sees, as of now.</summary>
    public async Task<VisibleStudies> VisibleAsync(Guid caller, CancellationToken cancellationToken)
    {
        long change;
        List<(Guid Id, long Change, short Permission)> grants = [];
        await using (NpgsqlBatch batch = database.CreateBatch())
        {
            foreach (string sql in (ReadOnlySpan<string>)[ChangeOfOwner, Grants])
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter { Value = caller } } });
            }

            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            change = await reader.ReadAsync(cancellationToken) ? reader.GetInt64(0) : 0;
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                grants.Add((reader.GetGuid(0), reader.GetInt64(1), reader.GetInt16(2)));
            }
        }

        StudySnapshot own = await OwnAsync(caller, change, cancellationToken);
        return new VisibleStudies(own, grants.Count == 0 ? [] : await SharedAsync(grants, cancellationToken));
    }

    /// <summary>One study as it stands in the database.</summary>
    public async Task<StudyRecord?> GetAsync(Guid id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand($"SELECT {Columns} FROM studies s WHERE id = $1 AND instance_count > 0");
        command.Parameters.AddWithValue(id);
        StudyRecord? record = null;
        await ReadAsync(command, opened => record = opened.Record, cancellationToken);
        return record;
    }

    private async Task<StudySnapshot> OwnAsync(Guid owner, long change, CancellationToken cancellationToken)
    {
        if (change == 0)
        {
            // They have never stored anything.
            return new OwnerIndex(owner).Snapshot;
        }

        OwnerIndex partition = _owners.GetOrAdd(owner, static o => new OwnerIndex(o));
        partition.LastUse = time.GetTimestamp();
        if (change > partition.Change)
        {
            // Not this caller's alone: a load that one of them gives up goes on for the others.
            await Task.Run(() => CatchUpAsync(partition, change), CancellationToken.None).WaitAsync(cancellationToken);
            Shrink(partition);
        }

        return partition.Snapshot;
    }

    private async Task<IReadOnlyList<IndexedStudy>> SharedAsync(List<(Guid Id, long Change, short Permission)> grants, CancellationToken cancellationToken)
    {
        await LoadSharedAsync([.. grants.Where(g => !_shared.TryGetValue(g.Id, out var known) || known.Change < g.Change).Select(g => g.Id)], cancellationToken);
        List<IndexedStudy> shared = new(grants.Count);
        foreach ((Guid id, _, short permission) in grants)
        {
            if (_shared.TryGetValue(id, out var known))
            {
                shared.Add(new IndexedStudy(known.Record, StudyAccess.AccessOf(false, permission)));
            }
        }

        return shared;
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
        await ReadAsync(command, opened =>
        {
            if (opened.Record is { } record)
            {
                _shared[record.Id] = (record, opened.Change);
            }
            else
            {
                _shared.TryRemove(opened.Id, out _);
            }
        }, cancellationToken);
    }

    /// <summary>Drops partitions that were asked for least recently until the rest fits.</summary>
    private void Shrink(OwnerIndex keep)
    {
        lock (_shrinking)
        {
            long bytes = Bytes;
            foreach (OwnerIndex oldest in _owners.Values.Where(o => o != keep).OrderBy(o => o.LastUse))
            {
                if (bytes <= options.IndexBytes)
                {
                    return;
                }

                _owners.TryRemove(oldest.Owner, out _);
                bytes -= oldest.Bytes;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The attributes of study {Study} cannot be opened ({Kind}); it is left out of lists")]
    private static partial void LogUnreadable(ILogger log, Guid study, string kind);
}
