using MedCloudCare.Inference.V1;
using Npgsql;

namespace MedCloudCare.Jobs.Store;

/// <summary>What the process that holds a job writes. Every statement is fenced: with a stale token it changes nothing and throws.</summary>
public sealed partial class JobStore
{
    /// <summary>Progress of this attempt; it never falls.</summary>
    /// <exception cref="LeaseLostException"/>
    public async Task ReportAsync(ClaimedJob job, double progress, string message, CancellationToken cancellation)
    {
        await using var command = Fenced(job, "progress = greatest(progress, $3), message = $4");
        command.Parameters.AddWithValue(progress);
        command.Parameters.AddWithValue(seal.Message(job.Id, message));
        await ExecuteFencedAsync(command, cancellation);
    }

    /// <summary>Another pod was lost; the next attempt begins.</summary>
    /// <returns>How many were lost so far.</returns>
    /// <exception cref="LeaseLostException"/>
    public async Task<int> RecordLostPodAsync(ClaimedJob job, CancellationToken cancellation)
    {
        await using var command = Fenced(job, "pods_lost = pods_lost + 1, attempt = attempt + 1, progress = 0, message = NULL", "pods_lost");
        return await command.ExecuteScalarAsync(cancellation) as int? ?? throw new LeaseLostException();
    }

    /// <summary>Keeps the result before its objects are stored, so that a successor finds what they mean.</summary>
    /// <exception cref="LeaseLostException"/>
    public async Task StageResultAsync(ClaimedJob job, JobResult result, CancellationToken cancellation)
    {
        await using var command = Fenced(job, "result = $3");
        command.Parameters.AddWithValue(seal.Result(job.Id, result));
        await ExecuteFencedAsync(command, cancellation);
    }

    /// <summary>Ends the job with its result.</summary>
    /// <exception cref="LeaseLostException"/>
    public async Task SucceedAsync(ClaimedJob job, JobResult result, CancellationToken cancellation)
    {
        await using var command = Fenced(
            job, "state = $3, result = $4, progress = 1, message = NULL, end_time = now(), lease_owner = NULL, lease_until = NULL, delegation = NULL, fence = fence + 1");
        command.Parameters.AddWithValue(Succeeded);
        command.Parameters.AddWithValue(seal.Result(job.Id, result));
        await ExecuteFencedAsync(command, cancellation);
    }

    /// <summary>Ends the job with an error.</summary>
    /// <exception cref="LeaseLostException"/>
    public async Task FailAsync(ClaimedJob job, JobError error, CancellationToken cancellation)
    {
        await using var command = Fenced(
            job, "state = $3, error = $4, result = NULL, message = NULL, end_time = now(), lease_owner = NULL, lease_until = NULL, delegation = NULL, fence = fence + 1");
        command.Parameters.AddWithValue(Failed);
        command.Parameters.AddWithValue(seal.Error(job.Id, error));
        await ExecuteFencedAsync(command, cancellation);
    }

    private NpgsqlCommand Fenced(ClaimedJob job, string changes, string returning = "id")
    {
        var command = database.CreateCommand($"UPDATE inference.jobs SET {changes} WHERE id = $1 AND fence = $2 AND state = 2 RETURNING {returning}");
        command.Parameters.AddWithValue(job.Id);
        command.Parameters.AddWithValue(job.Fence);
        return command;
    }

    private static async Task ExecuteFencedAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        if (await command.ExecuteScalarAsync(cancellation) is null) throw new LeaseLostException();
    }
}
