using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Sealing;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Jobs.Store;

public sealed partial class JobStore
{
    /// <summary>
    /// Takes the next job that is queued or whose lease has run out. Owners with fewer running jobs come first, then older
    /// jobs. Rows that another process is taking are skipped.
    /// </summary>
    /// <returns>Null when there is none to take.</returns>
    public async Task<ClaimedJob?> ClaimAsync(string instance, TimeSpan lease, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var claimed = await context.Jobs.FromSql(
            $"""
            UPDATE inference.jobs SET state = 2, lease_owner = {instance}, lease_until = now() + {lease}, fence = fence + 1,
                attempt = attempt + 1, crashes = crashes + CASE state WHEN 2 THEN 1 ELSE 0 END, progress = 0, message = NULL, start_time = coalesce(start_time, now())
            WHERE id = (
                SELECT id FROM inference.jobs AS waiting
                WHERE state IN (1, 2) AND ((state = 1 AND available_time <= now()) OR (state = 2 AND lease_until < now()))
                ORDER BY (SELECT count(*) FROM inference.jobs AS other WHERE other.owner = waiting.owner AND other.state = 2), create_time, id
                LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellation);
        return claimed is [var job] ? await OpenAsync(job, cancellation) : null;
    }

    /// <summary>A row that does not verify ends its job: nobody could run it.</summary>
    private async Task<ClaimedJob?> OpenAsync(JobRecord job, CancellationToken cancellation)
    {
        try
        {
            return new ClaimedJob(job, seal.OpenDelegation(job));
        }
        catch (SealedDataException)
        {
            var error = new JobError { Reason = Reason.SealBroken, Message = "The job's record was changed outside this system." };
            await FailAsync(new ClaimedJob(job, ""), error, cancellation);
            return null;
        }
    }

    /// <summary>Renews leases.</summary>
    /// <returns>Those that are still held; a job that is missing was cancelled or taken.</returns>
    public async Task<IReadOnlySet<(Guid Id, long Fence)>> RenewAsync(
        IReadOnlyCollection<(Guid Id, long Fence)> held, TimeSpan lease, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("""
            UPDATE inference.jobs AS job SET lease_until = now() + $3
            FROM unnest($1, $2) AS held (id, fence)
            WHERE job.id = held.id AND job.fence = held.fence AND job.state = 2
            RETURNING job.id, job.fence
            """);
        command.Parameters.AddWithValue(held.Select(x => x.Id).ToArray());
        command.Parameters.AddWithValue(held.Select(x => x.Fence).ToArray());
        command.Parameters.AddWithValue(lease);
        var renewed = new HashSet<(Guid, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) renewed.Add((reader.GetGuid(0), reader.GetInt64(1)));
        return renewed;
    }

    /// <summary>Lets go of what an earlier life of this process held, so that it need not wait for the leases.</summary>
    /// <returns>How many jobs it held.</returns>
    public async Task<int> ReleaseInstanceAsync(string instance, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "UPDATE inference.jobs SET lease_owner = NULL, lease_until = 'epoch', fence = fence + 1 WHERE state = 2 AND lease_owner = $1");
        command.Parameters.AddWithValue(instance);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Gives a job back to the queue, to be taken not before some time has passed.</summary>
    public async Task PostponeAsync(ClaimedJob job, TimeSpan delay, CancellationToken cancellation)
    {
        await using var command = Fenced(job, "state = $3, lease_owner = NULL, lease_until = NULL, available_time = now() + $4, fence = fence + 1");
        command.Parameters.AddWithValue(Queued);
        command.Parameters.AddWithValue(delay);
        await ExecuteFencedAsync(command, cancellation);
    }
}
