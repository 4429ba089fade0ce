using MedCloudCare.Sealing;
using Npgsql;
using Finding = MedCloudCare.Study.V1.VerifyArchiveResponse.Types.Finding;
using Problem = MedCloudCare.Study.V1.VerifyArchiveResponse.Types.Finding.Types.Problem;

namespace MedCloudCare.Studies;

/// <summary>A pack as the database knows it.</summary>
internal readonly record struct PackRow(Guid Id, Guid Study, long Size);

/// <summary>Where a verification is.</summary>
internal sealed class VerifyCount
{
    public long Objects { get; set; }

    public long ObjectsTotal { get; set; }

    public long Instances { get; set; }

    public long Bytes { get; set; }

    public long BytesTotal { get; set; }

    public long Problems { get; set; }

    public long Unreferenced { get; set; }
}

/// <summary>Checks the store against the database, object by object, while both are in use.</summary>
internal sealed class ArchiveVerifier(NpgsqlDataSource database, IObjectStore store, IDataKeyStore keys)
{
    private const int AtATime = 500;

    /// <summary>Checks everything.</summary>
    /// <param name="quick">No byte of an instance is read.</param>
    /// <param name="count">Counts as it goes.</param>
    /// <param name="found">Takes each finding.</param>
    /// <param name="step">Called after each object.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(bool quick, VerifyCount count, Func<Finding, Task> found, Func<Task> step, CancellationToken cancellationToken)
    {
        (count.ObjectsTotal, count.BytesTotal) = (await database.CreateCommand("SELECT count(*), coalesce(sum(size), 0)::bigint FROM packs WHERE retire_time IS NULL")
            .ListAsync(r => (r.GetInt64(0), r.GetInt64(1)), cancellationToken))[0];
        Guid last = Guid.Empty;
        while (true)
        {
            List<PackRow> rows = await database
                .CreateCommand("SELECT id, study_id, size FROM packs WHERE id > $1 AND retire_time IS NULL ORDER BY id LIMIT $2")
                .With(last, AtATime).ListAsync(r => new PackRow(r.GetGuid(0), r.GetGuid(1), r.GetInt64(2)), cancellationToken);
            foreach (PackRow row in rows)
            {
                foreach (Finding finding in await CheckAsync(row, quick, count, cancellationToken))
                {
                    count.Problems++;
                    await found(finding);
                }

                count.Objects++;
                count.Bytes += row.Size;
                await step();
            }

            if (rows.Count < AtATime)
            {
                break;
            }

            last = rows[^1].Id;
        }

        await FindUnreferencedAsync(count, found, cancellationToken);
    }

    private async Task<List<Finding>> CheckAsync(PackRow row, bool quick, VerifyCount count, CancellationToken cancellationToken)
    {
        List<Finding> findings = [];
        try
        {
            using DataKey key = await keys.GetAsync(row.Study, cancellationToken);
            PackVerifier verifier = new(database, store, row, key, findings);
            await verifier.RunAsync(quick, cancellationToken);
            count.Instances += verifier.Instances;
        }
        catch (DataKeyErasedException)
        {
            // Deleted, its rows are about to go.
            return [];
        }
        catch (DataKeyNotFoundException)
        {
            findings.Add(PackVerifier.FindingOf(row, Problem.KeyMissing, "The key store has no key of this study: nothing of it can be opened."));
        }

        // What was merged or deleted meanwhile is not missed.
        return findings.Count > 0 && !await IsCurrentAsync(row.Id, cancellationToken) ? [] : findings;
    }

    private async Task<bool> IsCurrentAsync(Guid pack, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT EXISTS (SELECT FROM packs WHERE id = $1 AND retire_time IS NULL)").With(pack);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task FindUnreferencedAsync(VerifyCount count, Func<Finding, Task> found, CancellationToken cancellationToken)
    {
        await foreach (StoredObject[] some in store.ListAsync(cancellationToken).Chunk(AtATime).WithCancellation(cancellationToken))
        {
            HashSet<Guid> unknown = [.. some.Where(o => store.IsClosed(o.Id)).Select(o => o.Id)];
            unknown.ExceptWith(await database.CreateCommand("SELECT id FROM packs WHERE id = ANY($1) UNION ALL SELECT id FROM dead_packs WHERE id = ANY($1)")
                .With((object)unknown.ToArray()).ListAsync(r => r.GetGuid(0), cancellationToken));
            foreach (Guid id in unknown)
            {
                count.Unreferenced++;
                await found(new Finding { Object = id.ToString(), Problem = Problem.Unreferenced, Detail = "The database does not refer to this object." });
            }
        }
    }
}
