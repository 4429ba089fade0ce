using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>What is needed to open a stored file.</summary>
internal sealed record StoredInstance(
    Guid Id, Guid StudyId, string StudyInstanceUid, string SeriesInstanceUid, string SopInstanceUid, string SopClassUid, string TransferSyntaxUid,
    Guid PackId, ByteRange Place, long Length, byte[] SealHeader, byte[]? SealedLayout)
{
    /// <summary>Columns of instances <c>i</c>, series <c>e</c>, studies <c>s</c>, for <see cref="Read"/>.</summary>
    public const string Columns = """
        i.id, s.id, s.study_instance_uid, e.series_instance_uid, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.pack_id,
        i.pack_offset, i.sealed_length, i.length, i.seal_header
        """;

    private const string Tables = $"FROM instances i JOIN series e ON e.id = i.series_id JOIN studies s ON s.id = e.study_id {StudyAccess.Join}";

    private const string ByUid = $"""
        SELECT {Columns}, i.layout {Tables}
        WHERE {StudyAccess.Visible} AND i.sop_instance_uid = $2 AND ($3 = '' OR e.series_instance_uid = $3) AND ($4 = '' OR s.study_instance_uid = $4)
        ORDER BY {StudyAccess.Order} LIMIT 1
        """;

    private const string OfStudy = $"""
        SELECT {Columns} FROM instances i JOIN series e ON e.id = i.series_id JOIN studies s ON s.id = e.study_id
        WHERE s.id = $1 ORDER BY e.series_instance_uid, i.instance_number, i.sop_instance_uid
        """;

    private const string OfSeries = $"""
        SELECT {Columns} FROM instances i JOIN series e ON e.id = i.series_id JOIN studies s ON s.id = e.study_id
        WHERE e.id = $1 ORDER BY i.instance_number, i.sop_instance_uid
        """;

    /// <summary>One instance that the caller may see, with its layout; their own first.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND.</exception>
    public static async Task<StoredInstance> RequireAsync(
        NpgsqlDataSource database, Caller caller, string study, string series, string instance, CancellationToken cancellationToken)
    {
        StudyAccess.RefuseDelegation(caller, "instance");
        if (instance.Length == 0)
        {
            throw MeshErrors.Invalid("sop_instance_uid", "is missing");
        }

        await using NpgsqlCommand command = database.CreateCommand(ByUid);
        command.Parameters.AddWithValue(caller.AccountId);
        command.Parameters.AddWithValue(instance);
        command.Parameters.AddWithValue(series);
        command.Parameters.AddWithValue(study);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? Read(reader) with { SealedLayout = reader.GetFieldValue<byte[]>(12) }
            : throw MeshErrors.NotFound("instance");
    }

    /// <summary>The instances of a study by series and instance number, without layouts.</summary>
    public static Task<List<StoredInstance>> ListOfStudyAsync(NpgsqlDataSource database, Guid study, CancellationToken cancellationToken) =>
        ListAsync(database, OfStudy, study, cancellationToken);

    /// <summary>The instances of a series by instance number, without layouts.</summary>
    public static Task<List<StoredInstance>> ListOfSeriesAsync(NpgsqlDataSource database, Guid series, CancellationToken cancellationToken) =>
        ListAsync(database, OfSeries, series, cancellationToken);

    private static async Task<List<StoredInstance>> ListAsync(NpgsqlDataSource database, string sql, Guid id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        command.Parameters.AddWithValue(id);
        List<StoredInstance> instances = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            instances.Add(Read(reader));
        }

        return instances;
    }

    private static StoredInstance Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6),
        reader.GetGuid(7), new ByteRange(reader.GetInt64(8), reader.GetInt64(9)), reader.GetInt64(10), reader.GetFieldValue<byte[]>(11), null);
}
