using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Rewrites packs of a study into fewer and larger ones, and packs from which instances were deleted without them. One
/// transaction switches the rows from old packs to a new one; the old ones are retired and swept after a grace. A crash
/// leaves an object that nothing refers to, which is swept as well.
/// </summary>
internal sealed partial class PackMerger(
    NpgsqlDataSource database, IObjectStore store, IDataKeyStore keys, StudyOptions options, PackRewriter rewriter, ILogger<PackMerger> log)
{
    private const int StudiesAtATime = 1000;
    private const int PacksAtATime = 256;

    // Of compressed metadata of one pack: some 100 MiB in clear, a batch at a time.
    private const long MetadataBytes = 8 << 20;

    private const string Candidates = """
        SELECT s.id, s.owner, s.study_instance_uid FROM packs p JOIN studies s ON s.id = p.study_id
        WHERE p.retire_time IS NULL AND (p.size < $1 OR p.deleted_bytes > 0) AND s.update_time < now() - $2
        GROUP BY s.id HAVING count(*) >= $3 OR bool_or(p.deleted_bytes > 0) LIMIT $4
        """;

    private const string Switch = """
        UPDATE instances i SET pack_id = $1, pack_offset = v.place
        FROM unnest($2, $3, $4) AS v (id, pack, place) WHERE i.id = v.id AND i.pack_id = v.pack
        """;

    private const string Retire = """
        UPDATE packs p SET retire_time = now()
        WHERE p.id = ANY($1) AND p.retire_time IS NULL AND NOT EXISTS (SELECT FROM instances i WHERE i.pack_id = p.id)
        """;

    /// <summary>Merges packs of studies into which nothing was stored for a while.</summary>
    /// <returns>How many packs went, and how many came.</returns>
    public async Task<(int Retired, int Written)> RunAsync(TimeSpan idle, CancellationToken cancellationToken)
    {
        int retired = 0, written = 0;
        List<RewrittenStudy> studies = await database.CreateCommand(Candidates)
            .With(options.MergeBelowBytes, idle, options.MergePacks, StudiesAtATime)
            .ListAsync(r => new RewrittenStudy(r.GetGuid(0), r.GetGuid(1), r.GetString(2)), cancellationToken);
        foreach (RewrittenStudy study in studies)
        {
            try
            {
                (int went, int came) = await MergeAsync(study, cancellationToken);
                retired += went;
                written += came;
            }
            catch (DataKeyErasedException)
            {
                // Deleted meanwhile.
            }
            catch (Exception e) when (e is SealedDataException or InvalidDataException or ObjectMissingException or DataKeyNotFoundException or ZstdSharp.ZstdException)
            {
                // Damaged: left as it is, for verify to say where.
                LogDamaged(log, study.Id, e.GetType().Name);
            }
        }

        return (retired, written);
    }

    private async Task<(int Retired, int Written)> MergeAsync(RewrittenStudy study, CancellationToken cancellationToken)
    {
        List<(Guid Id, long Deleted)> packs = await database
            .CreateCommand("SELECT id, deleted_bytes FROM packs WHERE study_id = $1 AND retire_time IS NULL AND (size < $2 OR deleted_bytes > 0) ORDER BY deleted_bytes DESC, id LIMIT $3")
            .With(study.Id, options.MergeBelowBytes, PacksAtATime).ListAsync(r => (r.GetGuid(0), r.GetInt64(1)), cancellationToken);
        Guid[] old = [.. packs.Where(p => store.IsClosed(p.Id)).Select(p => p.Id)];
        bool reclaims = packs.Any(p => p.Deleted > 0 && old.Contains(p.Id));
        if (old.Length < (reclaims ? 1 : options.MergePacks))
        {
            return default;
        }

        List<List<PackedInstance>> groups = Split(await PackedInstance.ListAsync(database, old, cancellationToken));
        if (!reclaims && groups.Count > old.Length / 2)
        {
            // As large as they get: they are full of small instances.
            return default;
        }

        if (groups.Count == 0)
        {
            await using NpgsqlCommand retire = database.CreateCommand(Retire).With((object)old);
            return (await retire.ExecuteNonQueryAsync(cancellationToken), 0);
        }

        int retired = 0;
        using DataKey key = await keys.GetAsync(study.Id, cancellationToken);
        for (int i = 0; i < groups.Count; i++)
        {
            // Only the last one may say that it replaces the old packs: the others stand beside it then.
            IReadOnlyList<Guid> replaces = i == groups.Count - 1 ? old : [];
            (PackWriter pack, long[] offsets) = await rewriter.WriteAsync(study, key, groups[i], replaces, cancellationToken);
            if (await SwitchAsync(study, pack, groups[i], offsets, old) is not { } went)
            {
                return (retired, i);
            }

            retired += went;
        }

        return (retired, groups.Count);
    }

    private List<List<PackedInstance>> Split(List<PackedInstance> instances)
    {
        List<List<PackedInstance>> groups = [];
        long bytes = 0, metadata = 0;
        foreach (PackedInstance instance in instances)
        {
            if (groups.Count == 0 || bytes + instance.Place.Length > options.PackBytes || groups[^1].Count == options.MergeInstances
                || metadata + instance.MetadataBytes > MetadataBytes)
            {
                groups.Add([]);
                bytes = metadata = 0;
            }

            groups[^1].Add(instance);
            bytes += instance.Place.Length;
            metadata += instance.MetadataBytes;
        }

        return groups;
    }

    /// <summary>Lets the rows refer to the new pack. Null when they have changed meanwhile: then it is taken back.</summary>
    private async Task<int?> SwitchAsync(RewrittenStudy study, PackWriter pack, List<PackedInstance> instances, long[] offsets, Guid[] old)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await connection.LockOwnerAsync(study.Owner, CancellationToken.None);
        await using NpgsqlCommand add = new NpgsqlCommand("INSERT INTO packs (id, study_id, size) SELECT $1, id, $3 FROM studies WHERE id = $2", connection)
            .With(pack.Id, study.Id, pack.Length);
        await using NpgsqlCommand move = new NpgsqlCommand(Switch, connection)
            .With(pack.Id, instances.Select(i => i.Id).ToArray(), instances.Select(i => i.Pack).ToArray(), offsets);
        await using NpgsqlCommand retire = new NpgsqlCommand(Retire, connection).With((object)old);
        if (await add.ExecuteNonQueryAsync() != 1 || await move.ExecuteNonQueryAsync() != instances.Count)
        {
            await transaction.RollbackAsync();
            await rewriter.RemoveAsync(pack);
            return null;
        }

        int retired = await retire.ExecuteNonQueryAsync();
        try
        {
            await transaction.CommitAsync();
            pack.CommittedLength = pack.Length;
            return retired;
        }
        catch
        {
            // Whether the database refers to it is not known.
            pack.IsSpent = true;
            throw;
        }
        finally
        {
            pack.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The packs of study {Study} cannot be merged ({Kind}): mcc archive verify says where they are damaged")]
    private static partial void LogDamaged(ILogger log, Guid study, string kind);
}
