using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>A study that a caller may see, and how they come to.</summary>
internal sealed record VisibleStudy(Guid Id, Guid Owner, string StudyInstanceUid, Study.V1.Access Access);

/// <summary>A series that a caller may see, with its study.</summary>
internal sealed record VisibleSeries(VisibleStudy Study, Guid Id, string SeriesInstanceUid);

/// <summary>
/// Who sees what: the owner, and whom the sharing service says so, in SQL and on every request. Whoever could see two studies
/// of one UID gets their own.
/// </summary>
internal sealed class StudyAccess(NpgsqlDataSource database)
{
    /// <summary>Joins studies <c>s</c> with the caller's ($1) grants <c>a</c>.</summary>
    public const string Join = """
        LEFT JOIN sharing.effective_access_v1 a ON s.owner <> $1 AND a.grantee = $1 AND a.resource = 'studies/' || s.id::text
        """;

    /// <summary>Condition on the rows of <see cref="Join"/>.</summary>
    public const string Visible = "s.instance_count > 0 AND (s.owner = $1 OR a.permission > 0)";

    /// <summary>Own first, then the one with the strongest grant.</summary>
    public const string Order = "s.owner <> $1, a.permission DESC, s.id";

    private const string ByStudy = $"SELECT s.id, s.owner, s.study_instance_uid, a.permission FROM studies s {Join} WHERE {Visible}";

    private const string BySeries = $"""
        SELECT s.id, s.owner, s.study_instance_uid, a.permission, e.id, e.series_instance_uid
        FROM series e JOIN studies s ON s.id = e.study_id {Join} WHERE {Visible}
        """;

    /// <summary>The study of an id, or null.</summary>
    public Task<VisibleStudy?> FindAsync(Caller caller, Guid id, CancellationToken cancellationToken) =>
        FindStudyAsync($"{ByStudy} AND s.id = $2 ORDER BY {Order} LIMIT 1", caller, id, cancellationToken);

    /// <summary>The study of a UID, the caller's own first, or null.</summary>
    public Task<VisibleStudy?> FindAsync(Caller caller, string studyInstanceUid, CancellationToken cancellationToken) =>
        FindStudyAsync($"{ByStudy} AND s.study_instance_uid = $2 ORDER BY {Order} LIMIT 1", caller, studyInstanceUid, cancellationToken);

    /// <summary>The series of a UID, the caller's own first.</summary>
    /// <param name="caller">Who asks; a delegation must cover the series.</param>
    /// <param name="studyInstanceUid">Its study; empty for any.</param>
    /// <param name="seriesInstanceUid">Its UID.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND.</exception>
    public async Task<VisibleSeries> RequireSeriesAsync(Caller caller, string studyInstanceUid, string seriesInstanceUid, CancellationToken cancellationToken)
    {
        if (seriesInstanceUid.Length == 0)
        {
            throw MeshErrors.Invalid("series_instance_uid", "is missing");
        }

        CheckDelegation(caller, seriesInstanceUid);
        await using NpgsqlCommand command = database.CreateCommand(
            $"{BySeries} AND e.series_instance_uid = $2 AND ($3 = '' OR s.study_instance_uid = $3) ORDER BY {Order} LIMIT 1");
        command.Parameters.AddWithValue(caller.AccountId);
        command.Parameters.AddWithValue(seriesInstanceUid);
        command.Parameters.AddWithValue(studyInstanceUid);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new VisibleSeries(Read(reader, caller), reader.GetGuid(4), reader.GetString(5))
            : throw MeshErrors.NotFound("series");
    }

    /// <inheritdoc cref="FindAsync(Caller, string, CancellationToken)"/>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND.</exception>
    public async Task<VisibleStudy> RequireStudyAsync(Caller caller, string studyInstanceUid, CancellationToken cancellationToken)
    {
        if (studyInstanceUid.Length == 0)
        {
            throw MeshErrors.Invalid("study_instance_uid", "is missing");
        }

        RefuseDelegation(caller, "study");
        return await FindAsync(caller, studyInstanceUid, cancellationToken) ?? throw MeshErrors.NotFound("study");
    }

    /// <summary>Whether a study holds one of the series that a delegation covers.</summary>
    public async Task<bool> HoldsDelegatedSeriesAsync(Guid studyId, Delegation delegation, CancellationToken cancellationToken)
    {
        string[] series = [.. delegation.Resources.Where(r => r.StartsWith(SeriesPrefix, StringComparison.Ordinal)).Select(r => r[SeriesPrefix.Length..])];
        await using NpgsqlCommand command = database.CreateCommand("SELECT EXISTS (SELECT FROM series WHERE study_id = $1 AND series_instance_uid = ANY($2))");
        command.Parameters.AddWithValue(studyId);
        command.Parameters.AddWithValue(series);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>A delegation reaches its own series and nothing else.</summary>
    public static void CheckDelegation(Caller caller, string seriesInstanceUid)
    {
        if (caller.Delegation is { } delegation && !delegation.Covers(SeriesPrefix + seriesInstanceUid))
        {
            throw MeshErrors.NotFound("series");
        }
    }

    /// <summary>For what is larger than a series.</summary>
    public static void RefuseDelegation(Caller caller, string what)
    {
        if (caller.Delegation is not null)
        {
            throw MeshErrors.NotFound(what);
        }
    }

    /// <summary>What a permission of the sharing service is in this contract; an owner has none there.</summary>
    public static Study.V1.Access AccessOf(bool isOwner, short permission) => (isOwner, permission) switch
    {
        (true, _) => Study.V1.Access.Owner,
        (_, 1) => Study.V1.Access.View,
        (_, 2) => Study.V1.Access.Annotate,
        _ => Study.V1.Access.Edit,
    };

    private const string SeriesPrefix = "series/";

    private async Task<VisibleStudy?> FindStudyAsync(string sql, Caller caller, object key, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        command.Parameters.AddWithValue(caller.AccountId);
        command.Parameters.AddWithValue(key);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader, caller) : null;
    }

    private static VisibleStudy Read(NpgsqlDataReader reader, Caller caller)
    {
        Guid owner = reader.GetGuid(1);
        bool isOwner = owner == caller.AccountId;
        return new VisibleStudy(reader.GetGuid(0), owner, reader.GetString(2), AccessOf(isOwner, isOwner ? (short)0 : reader.GetInt16(3)));
    }
}
