using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>
/// The sealed end of a group in a pack: what the database holds about the group's instances, so that the object store and
/// the keys alone can rebuild it. FORMAT.md.
/// </summary>
/// <param name="Study">The study.</param>
/// <param name="Owner">Its owner.</param>
/// <param name="StudyInstanceUid">Its UID.</param>
/// <param name="GroupStart">Offset of the group's first byte in the pack.</param>
/// <param name="Replaces">Packs whose instances are all here, or in packs that were written before: what else they hold was deleted.</param>
/// <param name="Batches">The instances, one or more batches a series.</param>
internal sealed partial record PackManifest(
    Guid Study, Guid Owner, string StudyInstanceUid, long GroupStart, IReadOnlyList<Guid> Replaces, IReadOnlyList<ManifestBatch> Batches)
{
    /// <summary>Appends manifest and trailer of the group of an upload that ends here.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="study">Its study and key.</param>
    /// <param name="author">Account that stored the instances.</param>
    /// <param name="batches">The instances of the group, one batch a series.</param>
    public static void Append(PackWriter pack, OpenStudy study, Guid author, IReadOnlyList<MetadataBatch> batches) =>
        new PackManifest(study.Id, study.Owner, study.StudyInstanceUid, pack.GroupStart, [], [.. batches.Select(b => ManifestBatch.Of(b, author))])
            .Append(pack, study.Key);

    /// <summary>Appends manifest and trailer to a pack.</summary>
    public void Append(PackWriter pack, DataKey key)
    {
        ArrayBufferWriter<byte> head = new(1024);
        using (Utf8JsonWriter json = new(head))
        {
            WriteHead(json);
        }

        long start = pack.Length;
        using (SealedStreamWriter sealer = new(key, AssociatedDataOf(Study, pack.Id, start), pack))
        {
            WritePart(sealer, head.WrittenSpan);
            foreach (ManifestBatch batch in Batches)
            {
                WritePart(sealer, batch.Compressed);
            }

            sealer.Complete();
        }

        PackFormat.WriteTrailer(pack.GetSpan(PackFormat.TrailerLength), GroupStart, pack.Length - start);
        pack.Advance(PackFormat.TrailerLength);
    }

    /// <summary>Associated data of the manifest that starts at an offset of a pack.</summary>
    public static byte[] AssociatedDataOf(Guid study, Guid pack, long offset) =>
        AssociatedData.Of("medcloudcare/manifest/v1", study.ToString("D"), pack.ToString("D"), offset.ToString(CultureInfo.InvariantCulture));

    private static void WritePart(SealedStreamWriter sealer, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        sealer.Write(length);
        sealer.Write(part);
    }

    private void WriteHead(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("version"u8, Version);
        json.WriteString("study"u8, Study);
        json.WriteString("owner"u8, Owner);
        json.WriteString("studyInstanceUid"u8, StudyInstanceUid);
        json.WriteNumber("groupStart"u8, GroupStart);
        if (Replaces.Count > 0)
        {
            json.WriteStartArray("replaces"u8);
            foreach (Guid pack in Replaces)
            {
                json.WriteStringValue(pack);
            }

            json.WriteEndArray();
        }

        json.WriteStartArray("batches"u8);
        foreach (ManifestBatch batch in Batches)
        {
            json.WriteStartObject();
            json.WriteString("seriesInstanceUid"u8, batch.SeriesInstanceUid);
            json.WriteString("author"u8, batch.Author);
            json.WriteStartArray("instances"u8);
            foreach (ManifestInstance instance in batch.Instances)
            {
                instance.Write(json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>Instances of one series in a manifest.</summary>
/// <param name="SeriesInstanceUid">The series.</param>
/// <param name="Author">Who stored them; of a series that several accounts have added to and that was rewritten, who stored its first.</param>
/// <param name="Instances">In the order of their metadata.</param>
/// <param name="Compressed">Their DICOM JSON, as <see cref="MetadataBatch"/> has it.</param>
internal sealed record ManifestBatch(string SeriesInstanceUid, Guid Author, IReadOnlyList<ManifestInstance> Instances, byte[] Compressed)
{
    public static ManifestBatch Of(MetadataBatch batch, Guid author) =>
        new(batch.SeriesInstanceUid, author, [.. batch.Instances.Select(ManifestInstance.Of)], batch.Compressed);
}

/// <summary>An instance in a manifest.</summary>
internal sealed record ManifestInstance(
    Guid Id, string SopInstanceUid, string SopClassUid, string TransferSyntaxUid, long Offset, long SealedLength, long Length, byte[] Sha256, byte[] Layout)
{
    public static ManifestInstance Of(PendingInstance instance) => new(
        instance.Id, instance.SopInstanceUid, instance.SopClassUid, instance.TransferSyntaxUid, instance.Offset, instance.SealedLength,
        instance.Length, instance.Sha256, instance.Layout);

    public static ManifestInstance Read(JsonElement json) => new(
        json.GetProperty("id"u8).GetGuid(), json.GetProperty("sopInstanceUid"u8).GetString()!, json.GetProperty("sopClassUid"u8).GetString()!,
        json.GetProperty("transferSyntaxUid"u8).GetString()!, json.GetProperty("offset"u8).GetInt64(), json.GetProperty("sealedLength"u8).GetInt64(),
        json.GetProperty("length"u8).GetInt64(), json.GetProperty("sha256"u8).GetBytesFromBase64(), json.GetProperty("layout"u8).GetBytesFromBase64());

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        json.WriteString("sopInstanceUid"u8, SopInstanceUid);
        json.WriteString("sopClassUid"u8, SopClassUid);
        json.WriteString("transferSyntaxUid"u8, TransferSyntaxUid);
        json.WriteNumber("offset"u8, Offset);
        json.WriteNumber("sealedLength"u8, SealedLength);
        json.WriteNumber("length"u8, Length);
        json.WriteBase64String("sha256"u8, Sha256);
        json.WriteBase64String("layout"u8, Layout);
        json.WriteEndObject();
    }
}
