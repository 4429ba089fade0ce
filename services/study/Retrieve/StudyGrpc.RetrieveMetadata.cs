using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Npgsql;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    private const int MaxKnownVersions = 64;

    private const int MetadataSlice = 64 << 10;

    // Some megabytes of metadata at a time.
    private const int MetadataInstances = 256;

    public override async Task RetrieveMetadata(RetrieveMetadataRequest request, IServerStreamWriter<RetrieveMetadataResponse> responses, ServerCallContext context)
    {
        CancellationToken cancellationToken = context.CancellationToken;
        if (request.KnownVersions.Count > MaxKnownVersions)
        {
            throw MeshErrors.Invalid("known_versions", $"must be at most {MaxKnownVersions}");
        }

        (Guid study, List<BatchPlace> batches, int? only, string version) = await BatchesOfAsync(request, context);
        if (request.KnownVersions.Contains(version))
        {
            await responses.WriteAsync(new RetrieveMetadataResponse { Version = version, NotModified = true }, cancellationToken);
            return;
        }

        using DataKey key = await keys.GetAsync(study, cancellationToken);
        for (int start = 0; start < batches.Count;)
        {
            // Read, then sent: a slow client does not hold a connection of the database.
            Guid[] some = Next(batches, ref start);
            List<ReadOnlyMemory<byte>[]> opened = await MetadataReader.ReadAsync(database, key, some, cancellationToken);
            if (opened.Count < some.Length && await index.GetAsync(study, cancellationToken) is null)
            {
                // Deleted meanwhile: what was sent is not all of it.
                throw MeshErrors.NotFound("study");
            }

            foreach (ReadOnlyMemory<byte>[] documents in opened)
            {
                for (int i = 0; i < documents.Length; i++)
                {
                    if (only is null || only == i)
                    {
                        await SendAsync(documents[i], version, responses, cancellationToken);
                        version = "";
                    }
                }
            }
        }
    }

    /// <summary>As many of the following batches as are opened at a time: one large one, or many small ones.</summary>
    private static Guid[] Next(List<BatchPlace> batches, ref int start)
    {
        int end = start;
        int instances = 0;
        do
        {
            instances += batches[end++].Instances;
        }
        while (end < batches.Count && instances + batches[end].Instances <= MetadataInstances);

        Guid[] some = new Guid[end - start];
        for (int i = 0; i < some.Length; i++)
        {
            some[i] = batches[start + i].Id;
        }

        start = end;
        return some;
    }

    private async Task<(Guid Study, List<BatchPlace> Batches, int? Only, string Version)> BatchesOfAsync(RetrieveMetadataRequest request, ServerCallContext context)
    {
        Caller caller = context.Caller();
        if (request.SopInstanceUid.Length > 0)
        {
            StudyAccess.CheckDelegation(caller, request.SeriesInstanceUid);
            return await BatchOfInstanceAsync(caller, request, context.CancellationToken);
        }

        Guid study, parent;
        bool isSeries = request.SeriesInstanceUid.Length > 0;
        if (isSeries)
        {
            VisibleSeries series = await access.RequireSeriesAsync(caller, request.StudyInstanceUid, request.SeriesInstanceUid, context.CancellationToken);
            (study, parent) = (series.Study.Id, series.Id);
        }
        else
        {
            study = parent = (await access.RequireStudyAsync(caller, request.StudyInstanceUid, context.CancellationToken)).Id;
        }

        // One statement, so that the version is that of the batches.
        await using NpgsqlCommand command = database.CreateCommand(isSeries
            ? """
              SELECT b.id, b.instance_count, e.update_time, e.instance_count FROM series e JOIN metadata_batches b ON b.series_id = e.id AND b.retire_time IS NULL
              WHERE e.id = $1 ORDER BY b.id
              """
            : """
              SELECT b.id, b.instance_count, s.change FROM studies s JOIN series e ON e.study_id = s.id JOIN metadata_batches b ON b.series_id = e.id AND b.retire_time IS NULL
              WHERE s.id = $1 ORDER BY e.series_instance_uid, b.id
              """);
        command.Parameters.AddWithValue(parent);
        List<BatchPlace> batches = [];
        string version = "";
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(context.CancellationToken);
        while (await reader.ReadAsync(context.CancellationToken))
        {
            batches.Add(new BatchPlace(reader.GetGuid(0), reader.GetInt32(1)));
            if (version.Length == 0)
            {
                version = isSeries
                    ? ResourceVersion.OfSeries(parent, reader.GetDateTime(2), reader.GetInt32(3))
                    : ResourceVersion.OfStudy(study, reader.GetInt64(2));
            }
        }

        return (study, batches, null, version);
    }

    private async Task<(Guid Study, List<BatchPlace> Batches, int? Only, string Version)> BatchOfInstanceAsync(Caller caller, RetrieveMetadataRequest request, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand($"""
            SELECT s.id, i.batch_id, i.batch_position, i.id
            FROM instances i JOIN series e ON e.id = i.series_id JOIN studies s ON s.id = e.study_id {StudyAccess.Join}
            WHERE {StudyAccess.Visible} AND i.sop_instance_uid = $2 AND ($3 = '' OR e.series_instance_uid = $3) AND ($4 = '' OR s.study_instance_uid = $4)
            ORDER BY {StudyAccess.Order} LIMIT 1
            """);
        command.Parameters.AddWithValue(caller.AccountId);
        command.Parameters.AddWithValue(request.SopInstanceUid);
        command.Parameters.AddWithValue(request.SeriesInstanceUid);
        command.Parameters.AddWithValue(request.StudyInstanceUid);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetGuid(0), [new BatchPlace(reader.GetGuid(1), 1)], reader.GetInt32(2), ResourceVersion.OfInstance(reader.GetGuid(3)))
            : throw MeshErrors.NotFound("instance");
    }

    private static async Task SendAsync(
        ReadOnlyMemory<byte> document, string version, IServerStreamWriter<RetrieveMetadataResponse> responses, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadOnlyMemory<byte> slice = document[..Math.Min(document.Length, MetadataSlice)];
            document = document[slice.Length..];
            await responses.WriteAsync(
                new RetrieveMetadataResponse { DicomJson = UnsafeByteOperations.UnsafeWrap(slice), EndOfInstance = document.IsEmpty, Version = version },
                cancellationToken);
            version = "";
            if (document.IsEmpty)
            {
                return;
            }
        }
    }

    private readonly record struct BatchPlace(Guid Id, int Instances);
}
