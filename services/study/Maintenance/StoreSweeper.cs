using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>What a sweep removed.</summary>
internal readonly record struct SweepResult(int Packs, int Batches, int Orphans);

/// <summary>
/// Removes retired packs and batches after their grace, and objects that nothing refers to. Nothing goes while a backup
/// holds. An upload has its row within moments of its object, and the check of an orphan waits for commits under way.
/// </summary>
internal sealed class StoreSweeper(NpgsqlDataSource database, IObjectStore store, RemovalHolds holds)
{
    private const int AtATime = 500;

    // So that a backup that begins in the middle finds at most this many objects going.
    private const int BetweenHolds = 32;

    /// <summary>Removes what was retired before the grace.</summary>
    public async Task<SweepResult> SweepRetiredAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        if (await holds.AnyAsync(cancellationToken))
        {
            return default;
        }

        await using NpgsqlCommand forget = database.CreateCommand("DELETE FROM metadata_batches WHERE retire_time < now() - $1").With(grace);
        int batches = await forget.ExecuteNonQueryAsync(cancellationToken);
        int packs = 0;
        while (!await holds.AnyAsync(cancellationToken))
        {
            List<Guid> retired = await database.CreateCommand("SELECT id FROM packs WHERE retire_time < now() - $1 ORDER BY retire_time LIMIT $2")
                .With(grace, BetweenHolds).ListAsync(r => r.GetGuid(0), cancellationToken);
            foreach (Guid id in retired)
            {
                await store.DeleteAsync(id, cancellationToken);
            }

            // The rows last: a crash before this removes the objects once more, which does no harm.
            await using NpgsqlCommand delete = database.CreateCommand("DELETE FROM packs WHERE id = ANY($1)").With((object)retired.ToArray());
            packs += await delete.ExecuteNonQueryAsync(cancellationToken);
            if (retired.Count < BetweenHolds)
            {
                break;
            }
        }

        return new SweepResult(packs, batches, 0);
    }

    /// <summary>Removes objects older than the grace that nothing refers to.</summary>
    public async Task<SweepResult> SweepOrphansAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        int orphans = 0;
        DateTimeOffset before = DateTimeOffset.UtcNow - grace;
        await foreach (StoredObject[] some in store.ListAsync(cancellationToken).Chunk(AtATime).WithCancellation(cancellationToken))
        {
            Guid[] old = [.. some.Where(o => o.ModifyTime <= before && store.IsClosed(o.Id)).Select(o => o.Id)];
            if (old.Length == 0)
            {
                continue;
            }

            HashSet<Guid> unknown = [.. old];
            unknown.ExceptWith(await KnownAsync(old, cancellationToken));
            if (unknown.Count == 0 || await holds.AnyAsync(cancellationToken))
            {
                continue;
            }

            foreach (Guid id in unknown)
            {
                await store.DeleteAsync(id, cancellationToken);
                orphans++;
            }
        }

        return new SweepResult(0, 0, orphans);
    }

    /// <summary>Which of these packs the database refers to. Waits for every transaction that is about to refer to one.</summary>
    private async Task<List<Guid>> KnownAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (NpgsqlCommand wait = new("LOCK TABLE packs IN SHARE MODE", connection))
        {
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }

        return await new NpgsqlCommand("SELECT id FROM packs WHERE id = ANY($1) UNION ALL SELECT id FROM dead_packs WHERE id = ANY($1)", connection)
            .With((object)ids).ListAsync(r => r.GetGuid(0), cancellationToken);
    }
}
