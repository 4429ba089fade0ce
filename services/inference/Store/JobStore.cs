using System.Security.Cryptography;
using MedCloudCare.Inference.V1;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Jobs.Store;

/// <summary>A job to be created; <see cref="Delegation"/> in clear.</summary>
public sealed record NewJob
{
    public required Guid Id { get; init; }

    public required Guid Owner { get; init; }

    /// <summary>Empty: no idempotency.</summary>
    public required string RequestId { get; init; }

    public required byte[] RequestDigest { get; init; }

    public required Guid Model { get; init; }

    public required int Version { get; init; }

    public required string ModelDisplayName { get; init; }

    public required bool ReadsModel { get; init; }

    public required Guid Study { get; init; }

    public required string StudyUid { get; init; }

    public required string SeriesUid { get; init; }

    public required int SeriesNumber { get; init; }

    public required string Delegation { get; init; }
}

/// <summary>The account has too many jobs that have not ended.</summary>
public sealed class TooManyJobsException() : Exception("Too many unfinished jobs.");

/// <summary>Jobs in PostgreSQL. Thread-safe. One file for each group of statements.</summary>
public sealed partial class JobStore(NpgsqlDataSource database, IDbContextFactory<JobsContext> contexts, JobSeal seal)
{
    private static readonly short Queued = (short)Job.Types.State.Queued;
    private static readonly short Succeeded = (short)Job.Types.State.Succeeded;
    private static readonly short Failed = (short)Job.Types.State.Failed;
    private static readonly short Cancelled = (short)Job.Types.State.Cancelled;

    /// <summary>The digest that tells whether two requests of one request_id ask for the same.</summary>
    public static byte[] DigestOf(RunInferenceRequest request) =>
        SHA256.HashData(Sealing.AssociatedData.Of(request.Model, request.SeriesInstanceUid, request.StudyInstanceUid));

    /// <summary>Creates a job, or answers the one that has the same owner and request_id.</summary>
    /// <exception cref="TooManyJobsException">The owner has <paramref name="maxUnfinished"/> jobs that have not ended.</exception>
    public async Task<JobRecord> CreateAsync(NewJob job, int maxUnfinished, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);

        // One creation of an owner at a time: count and insert are one step.
        await using (var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", connection, transaction))
        {
            wait.Parameters.AddWithValue($"inference.jobs {job.Owner:D}");
            await wait.ExecuteNonQueryAsync(cancellation);
        }

        if (job.RequestId.Length > 0 && await FindIdAsync(connection, transaction, job, cancellation) is { } existing)
        {
            return (await FindAsync(existing, job.Owner, cancellation))!;
        }

        await using (var count = new NpgsqlCommand("SELECT count(*) FROM inference.jobs WHERE owner = $1 AND state IN (1, 2)", connection, transaction))
        {
            count.Parameters.AddWithValue(job.Owner);
            if ((long)(await count.ExecuteScalarAsync(cancellation))! >= maxUnfinished) throw new TooManyJobsException();
        }

        await InsertAsync(connection, transaction, job, cancellation);
        await transaction.CommitAsync(cancellation);
        return (await FindAsync(job.Id, job.Owner, cancellation))!;
    }

    /// <summary>The job of an owner, or null.</summary>
    public async Task<JobRecord?> FindAsync(Guid id, Guid owner, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Jobs.AsNoTracking().SingleOrDefaultAsync(x => x.Id == id && x.Owner == owner, cancellation);
    }

    /// <summary>The job of an owner's request_id, or null.</summary>
    public async Task<JobRecord?> FindByRequestAsync(Guid owner, string requestId, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Jobs.AsNoTracking().SingleOrDefaultAsync(x => x.Owner == owner && x.RequestId == requestId, cancellation);
    }

    /// <summary>Jobs of an owner, newest first.</summary>
    /// <param name="studyUid">Only of this study; empty: all.</param>
    /// <param name="seriesUid">Only of this series; empty: all.</param>
    /// <param name="after">Those behind this place; null: from the first.</param>
    public async Task<IReadOnlyList<JobRecord>> ListAsync(
        Guid owner, string studyUid, string seriesUid, (DateTimeOffset Time, Guid Id)? after, int limit, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var jobs = context.Jobs.AsNoTracking().Where(x => x.Owner == owner);
        if (studyUid.Length > 0) jobs = jobs.Where(x => x.StudyUid == studyUid);
        if (seriesUid.Length > 0) jobs = jobs.Where(x => x.SeriesUid == seriesUid);
        if (after is var (time, id)) jobs = jobs.Where(x => x.CreateTime < time || (x.CreateTime == time && x.Id.CompareTo(id) < 0));
        return await jobs.OrderByDescending(x => x.CreateTime).ThenByDescending(x => x.Id).Take(limit).ToListAsync(cancellation);
    }

    /// <summary>Cancels a job that has not ended. Whoever runs it holds a stale fence from now on.</summary>
    public async Task CancelAsync(Guid id, Guid owner, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("""
            UPDATE inference.jobs SET state = $3, fence = fence + 1, end_time = now(), lease_owner = NULL, lease_until = NULL, delegation = NULL, result = NULL
            WHERE id = $1 AND owner = $2 AND state IN (1, 2)
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(owner);
        command.Parameters.AddWithValue(Cancelled);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>How many jobs there are in each state that has not ended, for the metrics.</summary>
    public async Task<(long Queued, long Running)> CountUnfinishedAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2) FROM inference.jobs WHERE state IN (1, 2)");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static async Task<Guid?> FindIdAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewJob job, CancellationToken cancellation)
    {
        await using var find = new NpgsqlCommand("SELECT id FROM inference.jobs WHERE owner = $1 AND request_id = $2", connection, transaction);
        find.Parameters.AddWithValue(job.Owner);
        find.Parameters.AddWithValue(job.RequestId);
        return (Guid?)await find.ExecuteScalarAsync(cancellation);
    }

    private async Task InsertAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewJob job, CancellationToken cancellation)
    {
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO inference.jobs (id, owner, request_id, request_digest, model, version, model_display_name, reads_model,
                study, study_uid, series_uid, series_number, state, delegation)
            VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            connection,
            transaction);
        object[] values =
        [
            job.Id, job.Owner, job.RequestId, job.RequestDigest, job.Model, job.Version, job.ModelDisplayName, job.ReadsModel,
            job.Study, job.StudyUid, job.SeriesUid, job.SeriesNumber, Queued, seal.Delegation(job.Id, job.Delegation),
        ];
        foreach (var value in values) insert.Parameters.AddWithValue(value);
        await insert.ExecuteNonQueryAsync(cancellation);
    }
}
