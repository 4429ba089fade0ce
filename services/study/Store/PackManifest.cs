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
internal static class PackManifest
{
    /// <summary>Appends manifest and trailer of the group that ends here.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="study">Its study and key.</param>
    /// <param name="author">Account that stored the instances.</param>
    /// <param name="batches">The instances of the group, one batch a series.</param>
    public static void Append(PackWriter pack, OpenStudy study, Guid author, IReadOnlyList<MetadataBatch> batches)
    {
        ArrayBufferWriter<byte> head = new(1024);
        using (Utf8JsonWriter json = new(head))
        {
            WriteHead(json, pack, study, author, batches);
        }

        long groupStart = pack.GroupStart;
        long start = pack.Length;
        using (SealedStreamWriter sealer = new(study.Key, AssociatedDataOf(study.Id, pack.Id, start), pack))
        {
            WritePart(sealer, head.WrittenSpan);
            foreach (MetadataBatch batch in batches)
            {
                WritePart(sealer, batch.Compressed);
            }

            sealer.Complete();
        }

        PackFormat.WriteTrailer(pack.GetSpan(PackFormat.TrailerLength), groupStart, pack.Length - start);
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

    private static void WriteHead(Utf8JsonWriter json, PackWriter pack, OpenStudy study, Guid author, IReadOnlyList<MetadataBatch> batches)
    {
        json.WriteStartObject();
        json.WriteNumber("version"u8, 1);
        json.WriteString("study"u8, study.Id);
        json.WriteString("owner"u8, study.Owner);
        json.WriteString("studyInstanceUid"u8, study.StudyInstanceUid);
        json.WriteNumber("groupStart"u8, pack.GroupStart);
        json.WriteString("author"u8, author);
        json.WriteStartArray("batches"u8);
        foreach (MetadataBatch batch in batches)
        {
            json.WriteStartObject();
            json.WriteString("seriesInstanceUid"u8, batch.SeriesInstanceUid);
            json.WriteStartArray("instances"u8);
            foreach (PendingInstance instance in batch.Instances)
            {
                Write(json, instance);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PendingInstance instance)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, instance.Id);
        json.WriteString("sopInstanceUid"u8, instance.SopInstanceUid);
        json.WriteString("sopClassUid"u8, instance.SopClassUid);
        json.WriteString("transferSyntaxUid"u8, instance.TransferSyntaxUid);
        json.WriteNumber("offset"u8, instance.Offset);
        json.WriteNumber("sealedLength"u8, instance.SealedLength);
        json.WriteNumber("length"u8, instance.Length);
        json.WriteBase64String("sha256"u8, instance.Sha256);
        json.WriteBase64String("layout"u8, instance.Layout);
        json.WriteEndObject();
    }
}
