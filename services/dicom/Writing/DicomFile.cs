using System.Buffers;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>Writes Part 10 files (PS3.10 §7): zero preamble, meta group, Explicit VR Little Endian, UTF-8 declared where text needs it.</summary>
public static class DicomFile
{
    /// <summary>Under 2.25, so that no registration is needed; names the writer in every file's meta group.</summary>
    public const string ImplementationClassUid = "2.25.326676616255241829964334411977954747930";

    public const string ImplementationVersionName = "MEDCLOUDCARE_0_1";

    /// <summary>Writes a data set with its SOPClassUID and SOPInstanceUID as a file.</summary>
    /// <exception cref="DicomException">One of these UIDs is missing or invalid.</exception>
    public static void Write(DicomDataset dataset, IBufferWriter<byte> output)
    {
        WriteMeta(dataset, output);
        new DicomWriter(output).WriteDataset(WithCharacterSet(dataset));
    }

    /// <summary>The file as an array; for small objects such as structured reports.</summary>
    public static byte[] ToArray(DicomDataset dataset)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        Write(dataset, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Writes a file whose PixelData comes from a stream and never lies in memory as a whole. <paramref name="dataset"/> is
    /// without PixelData; elements after it in tag order follow it.
    /// </summary>
    /// <param name="vr">OB for bits allocated of 8 and less, else OW (little-endian).</param>
    /// <param name="length">Bytes to take from <paramref name="pixels"/>; a zero is added to an odd length. At most 2^32-4.</param>
    /// <exception cref="EndOfStreamException">The stream ends before <paramref name="length"/> bytes.</exception>
    public static async Task WriteAsync(
        DicomDataset dataset, DicomVR vr, long length, Stream pixels, Stream output, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 0xFFFFFFFC);
        dataset = WithCharacterSet(dataset);
        var buffer = new ArrayBufferWriter<byte>(4096);
        var writer = new DicomWriter(buffer);

        WriteMeta(dataset, buffer);
        writer.WriteDataset(Part(dataset, x => x.Tag < DicomTags.PixelData));
        writer.WriteHeader(DicomTags.PixelData, vr, (uint)(length + (length & 1)));
        await output.WriteAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);

        await CopyAsync(pixels, output, length, cancellationToken).ConfigureAwait(false);

        buffer.Clear();
        if ((length & 1) != 0) buffer.Write([(byte)0]);
        writer.WriteDataset(Part(dataset, x => x.Tag > DicomTags.PixelData));
        await output.WriteAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes preamble, "DICM" and the meta group for the data set's SOP instance.</summary>
    public static void WriteMeta(DicomDataset dataset, IBufferWriter<byte> output)
    {
        var sopClass = Required(dataset, DicomTags.SOPClassUID, DicomError.MissingSopClassUid);
        var sopInstance = Required(dataset, DicomTags.SOPInstanceUID, DicomError.MissingSopInstanceUid);
        var group = new ArrayBufferWriter<byte>(256);
        var writer = new DicomWriter(group);
        writer.WriteElement(new DicomElement(DicomTags.FileMetaInformationVersion, DicomVR.OB, new byte[] { 0, 1 }));
        writer.WriteElement(Text(DicomTags.MediaStorageSOPClassUID, DicomVR.UI, sopClass));
        writer.WriteElement(Text(DicomTags.MediaStorageSOPInstanceUID, DicomVR.UI, sopInstance));
        writer.WriteElement(Text(DicomTags.TransferSyntaxUID, DicomVR.UI, TransferSyntax.ExplicitVRLittleEndian.Uid));
        writer.WriteElement(Text(DicomTags.ImplementationClassUID, DicomVR.UI, ImplementationClassUid));
        writer.WriteElement(Text(DicomTags.ImplementationVersionName, DicomVR.SH, ImplementationVersionName));

        output.Write(new byte[Preamble.Length]);
        output.Write("DICM"u8);
        var length = new DicomElement(DicomTags.FileMetaInformationGroupLength, DicomVR.UL, BitConverter.GetBytes(group.WrittenCount));
        new DicomWriter(output).WriteElement(length);
        output.Write(group.WrittenSpan);
    }

    private static DicomElement Text(DicomTag tag, DicomVR vr, string value) => new(tag, vr, Encoding.ASCII.GetBytes(value));

    private static string Required(DicomDataset dataset, DicomTag tag, DicomError missing)
    {
        var uid = dataset.GetString(tag) ?? throw new DicomException(missing, "A file needs a SOP class and a SOP instance UID", path: tag.ToString());
        return DicomUid.IsValid(uid) ? uid : throw new DicomException(DicomError.InvalidUid, "Not a UID", path: tag.ToString());
    }

    private static DicomDataset WithCharacterSet(DicomDataset dataset)
    {
        if (!dataset.Contains(DicomTags.SpecificCharacterSet) && !NeedsUtf8(dataset)) return dataset;
        return dataset.Clone().Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
    }

    private static bool NeedsUtf8(DicomDataset dataset) => dataset.Any(x =>
        x.VR == DicomVR.SQ ? x.Items.Any(NeedsUtf8) : x.VR.UsesCharacterSet() && (!Ascii.IsValid(x.Value.Span) || x.Value.Span.Contains((byte)0x1B)));

    private static DicomDataset Part(DicomDataset dataset, Func<DicomElement, bool> include)
    {
        var part = new DicomDataset();
        foreach (var element in dataset.Where(include)) part.Set(element);
        return part;
    }

    private static async Task CopyAsync(Stream source, Stream target, long length, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            for (var left = length; left > 0;)
            {
                var read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken).ConfigureAwait(false);
                if (read == 0) throw new EndOfStreamException("The pixel data ended early.");
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
