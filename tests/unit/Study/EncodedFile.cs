using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies.Tests;

/// <summary>Part 10 files in transfer syntaxes that the writer of the mesh does not write.</summary>
internal static class EncodedFile
{
    public const string JpegBaseline = "1.2.840.10008.1.2.4.50";
    public const string Deflated = "1.2.840.10008.1.2.1.99";
    public const string BigEndian = "1.2.840.10008.1.2.2";

    /// <summary>Encapsulated pixel data with an empty offset table; a fragment list a frame.</summary>
    public static byte[] Encapsulated(DicomDataset dataset, params byte[][] fragments)
    {
        dataset.Remove(DicomTags.PixelData);
        ArrayBufferWriter<byte> output = new();
        new DicomWriter(output).WriteDataset(dataset);
        output.Write((ReadOnlySpan<byte>)[0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        output.Write((ReadOnlySpan<byte>)[0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
        foreach (byte[] fragment in fragments)
        {
            output.Write((ReadOnlySpan<byte>)[0xFE, 0xFF, 0x00, 0xE0]);
            BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), fragment.Length);
            output.Advance(4);
            output.Write(fragment);
        }

        output.Write((ReadOnlySpan<byte>)[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        return Part10(JpegBaseline, output.WrittenSpan);
    }

    /// <summary>The data set as a raw deflate stream.</summary>
    public static byte[] Deflate(DicomDataset dataset)
    {
        ArrayBufferWriter<byte> output = new();
        new DicomWriter(output).WriteDataset(dataset);
        using MemoryStream deflated = new();
        using (DeflateStream stream = new(deflated, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(output.WrittenSpan);
        }

        return Part10(Deflated, deflated.ToArray());
    }

    /// <summary>An explicit VR big endian file of the identifiers and one OW value.</summary>
    public static byte[] BigEndianWords(string study, string series, string instance, DicomTag tag, byte[] words)
    {
        ArrayBufferWriter<byte> output = new();
        void Element(DicomTag t, string vr, byte[] value, bool isLong)
        {
            Span<byte> head = output.GetSpan(12);
            BinaryPrimitives.WriteUInt16BigEndian(head, t.Group);
            BinaryPrimitives.WriteUInt16BigEndian(head[2..], t.Element);
            Encoding.ASCII.GetBytes(vr, head[4..]);
            if (isLong)
            {
                head[6..8].Clear();
                BinaryPrimitives.WriteInt32BigEndian(head[8..], value.Length);
            }
            else
            {
                BinaryPrimitives.WriteUInt16BigEndian(head[6..], (ushort)value.Length);
            }

            output.Advance(isLong ? 12 : 8);
            output.Write(value);
        }

        Element(DicomTags.SOPClassUID, "UI", Uid(SopClasses.SecondaryCaptureImageStorage), false);
        Element(DicomTags.SOPInstanceUID, "UI", Uid(instance), false);
        Element(DicomTags.StudyInstanceUID, "UI", Uid(study), false);
        Element(DicomTags.SeriesInstanceUID, "UI", Uid(series), false);
        Element(tag, "OW", words, true);
        return Part10(BigEndian, output.WrittenSpan);
    }

    private static byte[] Part10(string transferSyntax, ReadOnlySpan<byte> dataset)
    {
        byte[] uid = Uid(transferSyntax);
        byte[] meta = [2, 0, 0x10, 0, (byte)'U', (byte)'I', (byte)uid.Length, 0, .. uid];
        return [.. new byte[128], .. "DICM"u8, 2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, (byte)meta.Length, 0, 0, 0, .. meta, .. dataset];
    }

    private static byte[] Uid(string uid) => Encoding.ASCII.GetBytes(uid.Length % 2 == 0 ? uid : uid + '\0');
}
