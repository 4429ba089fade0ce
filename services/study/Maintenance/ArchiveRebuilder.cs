using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>What a rebuild has done so far.</summary>
internal sealed class RebuildCount
{
    public long Objects { get; set; }

    public long GroupsDone { get; set; }

    public long GroupsTotal { get; set; }

    public long Instances { get; set; }

    public long Erased { get; set; }

    public long Problems { get; set; }

    public HashSet<Guid> Studies { get; } = [];
}

/// <summary>
/// Makes rows for what the store holds and the database does not know. First all manifests are read, to know which packs
/// were replaced by others and in which order instances arrived; then each group is committed as an upload of it would be, so
/// that what is known already, and what was stored twice, is told as always.
/// </summary>
internal sealed partial class ArchiveRebuilder(
    NpgsqlDataSource database, IObjectStore store, IDataKeyStore keys, BlindIndex patients)
{
    private const int AtATime = 500;

    /// <summary>Runs it.</summary>
    /// <param name="count">Counts as it goes.</param>
    /// <param name="problem">Takes an object and what is wrong with it.</param>
    /// <param name="step">Called after each group.</param>
    /// <param name="cancellationToken">Ends it between two groups.</param>
    public async Task RunAsync(RebuildCount count, Func<Guid, string, Task> problem, Func<Task> step, CancellationToken cancellationToken)
    {
        // 1. What there is.
        List<FoundPack> packs = [];
        HashSet<Guid> replaced = [];
        await foreach (StoredObject[] some in store.ListAsync(cancellationToken).Chunk(AtATime).WithCancellation(cancellationToken))
        {
            foreach ((StoredObject stored, long known) in await UnknownAsync(some, cancellationToken))
            {
                if (await TryAsync(() => FindAsync(stored, known, replaced, count, cancellationToken), stored.Id, count, problem) is { } found)
                {
                    packs.Add(found);
                    await step();
                }
            }
        }

        await AddReplacedByKnownAsync(packs, replaced, cancellationToken);

        // 2. Oldest first: the first instance of a study decides its attributes, now as then.
        packs.RemoveAll(p => replaced.Contains(p.Id));
        packs.Sort((a, b) => a.First.CompareTo(b.First));
        count.GroupsTotal = packs.Sum(p => (long)p.Groups.Count);
        foreach (FoundPack pack in packs)
        {
            count.Objects++;
            await TryAsync<object>(async () =>
            {
                await AdoptAsync(pack, count, step, cancellationToken);
                return null;
            }, pack.Id, count, problem);
        }
    }

    /// <summary>Objects that nobody writes to and of which the database does not know all, with how far it knows them.</summary>
    private async Task<List<(StoredObject Object, long Known)>> UnknownAsync(StoredObject[] objects, CancellationToken cancellationToken)
    {
        Dictionary<Guid, long> known = (await database
            .CreateCommand("SELECT id, CASE WHEN retire_time IS NULL THEN size ELSE 9223372036854775807 END FROM packs WHERE id = ANY($1)")
            .With((object)objects.Select(o => o.Id).ToArray()).ListAsync(r => (r.GetGuid(0), r.GetInt64(1)), cancellationToken))
            .ToDictionary(r => r.Item1, r => r.Item2);
        return [.. objects.Select(o => (o, known.GetValueOrDefault(o.Id))).Where(o => o.o.Length > o.Item2 && store.IsClosed(o.o.Id))];
    }

    private async Task<FoundPack?> FindAsync(StoredObject stored, long known, HashSet<Guid> replaced, RebuildCount count, CancellationToken cancellationToken)
    {
        using IObjectReader reader = store.Open(stored.Id);
        PackReader pack = new(reader, stored.Id, stored.Length);
        Guid study = await pack.ReadStudyAsync(cancellationToken);
        DataKey key;
        try
        {
            key = await keys.GetAsync(study, cancellationToken);
        }
        catch (DataKeyErasedException)
        {
            count.Erased++;
            return null;
        }

        using (key)
        {
            List<GroupPlace> groups = await pack.ReadGroupsAsync(stored.Length, search: true, cancellationToken);
            Guid first = Guid.AllBitsSet;
            foreach (GroupPlace group in groups)
            {
                PackManifest manifest = await pack.ReadManifestAsync(group, key, cancellationToken);
                replaced.UnionWith(manifest.Replaces);
                Guid least = manifest.Batches.SelectMany(b => b.Instances).Min(i => i.Id);
                first = least < first ? least : first;
            }

            groups.RemoveAll(g => g.End <= known);
            groups.Reverse();
            return groups.Count > 0 ? new FoundPack(stored.Id, study, stored.Length, first, groups) : null;
        }
    }

    /// <summary>What packs that are known already have replaced: it holds instances that were deleted.</summary>
    private async Task AddReplacedByKnownAsync(List<FoundPack> found, HashSet<Guid> replaced, CancellationToken cancellationToken)
    {
        List<PackRow> known = await database
            .CreateCommand("SELECT id, study_id, size FROM packs WHERE study_id = ANY($1) AND retire_time IS NULL")
            .With((object)found.Select(p => p.Study).Distinct().ToArray())
            .ListAsync(r => new PackRow(r.GetGuid(0), r.GetGuid(1), r.GetInt64(2)), cancellationToken);
        foreach (PackRow row in known)
        {
            try
            {
                using DataKey key = await keys.GetAsync(row.Study, cancellationToken);
                using IObjectReader reader = store.Open(row.Id);
                PackReader pack = new(reader, row.Id, row.Size);
                foreach (GroupPlace group in await pack.ReadGroupsAsync(row.Size, search: false, cancellationToken))
                {
                    replaced.UnionWith((await pack.ReadManifestAsync(group, key, cancellationToken)).Replaces);
                }
            }
            catch (Exception e) when (e is SealedDataException or InvalidDataException or ObjectMissingException or DataKeyErasedException)
            {
                // Damaged or deleted: then it replaces nothing any more.
            }
        }
    }

    private static async Task<T?> TryAsync<T>(Func<Task<T?>> work, Guid id, RebuildCount count, Func<Guid, string, Task> problem)
        where T : class
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is SealedDataException or InvalidDataException or ObjectMissingException or DataKeyNotFoundException
            or DataKeyErasedException or StudyVanishedException)
        {
            count.Problems++;
            await problem(id, e is StudyVanishedException ? "Its owner has stored the same study again meanwhile, under another key." : e.Message);
            return null;
        }
    }

    private sealed record FoundPack(Guid Id, Guid Study, long Length, Guid First, List<GroupPlace> Groups);
}
