using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Npgsql;

namespace MedCloudCare.Studies;

internal sealed partial class ArchiveRebuilder
{
    // The ids of instances hold the time at which each arrived (UUID version 7, RFC 9562 §5.7).
    private const string RestoreTimes = """
        WITH added AS (
            UPDATE instances SET create_time = to_timestamp((('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint) / 1000.0)
            WHERE pack_id = $1 RETURNING series_id, create_time)
        UPDATE series e SET create_time = least(e.create_time, a.first)
        FROM (SELECT series_id, min(create_time) AS first FROM added GROUP BY series_id) a WHERE e.id = a.series_id
        """;

    private async Task AdoptAsync(FoundPack pack, RebuildCount count, Func<Task> step, CancellationToken cancellationToken)
    {
        using DataKey key = await keys.GetAsync(pack.Study, cancellationToken);
        using IObjectReader reader = store.Open(pack.Id);
        PackReader source = new(reader, pack.Id, pack.Length);
        foreach (GroupPlace place in pack.Groups)
        {
            cancellationToken.ThrowIfCancellationRequested();
            PackManifest manifest = await source.ReadManifestAsync(place, key, cancellationToken);
            OpenStudy study = new(manifest.Study, manifest.Owner, manifest.StudyInstanceUid, key, isReserved: false);
            count.Instances += await CommitAsync(pack, place, manifest, study, source, cancellationToken);
            count.Studies.Add(study.Id);
            count.GroupsDone++;
            await step();
        }

        await using NpgsqlCommand times = database.CreateCommand(RestoreTimes).With(pack.Id);
        await times.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Commits a group as its upload did.</summary>
    private async Task<int> CommitAsync(
        FoundPack pack, GroupPlace place, PackManifest manifest, OpenStudy study, PackReader source, CancellationToken cancellationToken)
    {
        List<UploadGroup> groups = [];
        foreach (IGrouping<Guid, ManifestBatch> author in manifest.Batches.GroupBy(b => b.Author))
        {
            UploadGroup group = new(upload: null, manifest.Owner, author.Key, first: 0);
            foreach (PendingInstance instance in await ReadAsync(pack.Id, study, [.. author], source, cancellationToken))
            {
                group.Add(instance);
            }

            group.Batches = UploadGroup.Batch(group.Pending);
            group.Adopted.Add((pack.Id, study.Id, place.End));
            groups.Add(group);
        }

        await new GroupTransaction(database, patients, manifest.Owner, groups).RunAsync();
        return groups.Sum(g => g.Count(InstanceResult.Types.Outcome.Stored));
    }

    private static async Task<List<PendingInstance>> ReadAsync(
        Guid pack, OpenStudy study, ManifestBatch[] batches, PackReader source, CancellationToken cancellationToken)
    {
        List<PendingInstance> pending = [];
        foreach (ManifestBatch batch in batches)
        {
            ReadOnlyMemory<byte>[] documents = MetadataBatch.Read(batch.Compressed, batch.Instances.Count);
            for (int i = 0; i < documents.Length; i++)
            {
                ManifestInstance instance = batch.Instances[i];
                byte[] header = await source.ReadAsync(new ByteRange(instance.Offset, SealedLayout.HeaderLength), cancellationToken);
                pending.Add(Describe(pack, study, batch.SeriesInstanceUid, instance, header, documents[i]));
            }
        }

        // In the order in which they arrived.
        pending.Sort((a, b) => a.Id.CompareTo(b.Id));
        return pending;
    }

    private static PendingInstance Describe(
        Guid pack, OpenStudy study, string series, ManifestInstance instance, byte[] sealHeader, ReadOnlyMemory<byte> json)
    {
        DicomDataset dataset = DicomDataset.FromJson(json.Span);
        return new PendingInstance
        {
            Id = instance.Id,
            Study = study,
            SeriesInstanceUid = series,
            SopInstanceUid = instance.SopInstanceUid,
            SopClassUid = instance.SopClassUid,
            TransferSyntaxUid = instance.TransferSyntaxUid,
            PackId = pack,
            Offset = instance.Offset,
            SealedLength = instance.SealedLength,
            Length = instance.Length,
            SealHeader = sealHeader,
            Sha256 = instance.Sha256,
            Layout = instance.Layout,
            Json = json,
            Facts = InstanceFacts.Of(dataset),
            Stated = StatedAttributes.Of(dataset),
            Result = new InstanceResult { Outcome = InstanceResult.Types.Outcome.Stored, SopInstanceUid = instance.SopInstanceUid },
        };
    }
}
