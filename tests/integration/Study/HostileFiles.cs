using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MedCloudCare.Dicom;
using MedCloudCare.IntegrationTests.DicomWeb;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>Files that must be refused: broken ones, and ones made to harm who reads them.</summary>
internal static class HostileFiles
{
    private const string Explicit = "1.2.840.10008.1.2.1";
    private const string Deflated = "1.2.840.10008.1.2.1.99";
    private const int BombBytes = 64 << 20;

    public static byte[] Make(string kind) => kind switch
    {
        "empty" => [],
        "letter" => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("Dear colleague, thank you for sending this patient. ", 40))),
        "wrong magic" => WrongMagic(),
        "preamble only" => [.. new byte[128], .. "DICM"u8],
        "truncated" => new SmallInstance().File[..^7],
        "2 GB value in 1 KB" => HugeValue(),
        "100,000 nested sequences" => Nested(100_000),
        "deflate bomb" => DeflateBomb(),
        "damaged deflate" => Part10(Deflated, [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4]),
        "no study" => Without(DicomTags.StudyInstanceUID),
        "no series" => Without(DicomTags.SeriesInstanceUID),
        "no instance" => Without(DicomTags.SOPInstanceUID),
        "no class" => Without(DicomTags.SOPClassUID),
        "malformed UID" => Part10(Explicit, Explicitly(new SmallInstance().Dataset.Set(DicomTags.StudyInstanceUID, "../../etc/passwd"))),
        "stray item" => Part10(Explicit, [.. Explicitly(new SmallInstance().Dataset), 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown"),
    };

    private static byte[] WrongMagic()
    {
        var file = new SmallInstance().File;
        "MCID"u8.CopyTo(file.AsSpan(128));
        return file;
    }

    private static byte[] HugeValue()
    {
        byte[] head = [.. Explicitly(new SmallInstance().Dataset), .. WordsOf(0x8000_0000)];
        return [.. Part10(Explicit, head), .. new byte[Math.Max(0, 1024 - 340 - head.Length)]];
    }

    private static byte[] Nested(int depth)
    {
        // (0040,A730) SQ of undefined length, holding an item of undefined length, holding the same.
        ReadOnlySpan<byte> level = [0x40, 0x00, 0x30, 0xA7, (byte)'S', (byte)'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF];
        var output = new ArrayBufferWriter<byte>();
        output.Write(Explicitly(new SmallInstance().Dataset));
        for (var i = 0; i < depth; i++)
        {
            output.Write(level);
        }

        return Part10(Explicit, output.WrittenSpan);
    }

    private static byte[] DeflateBomb()
    {
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(Explicitly(new SmallInstance().Dataset));
            deflate.Write(WordsOf(BombBytes));
            for (var written = 0; written < BombBytes; written += 1 << 20)
            {
                deflate.Write(new byte[1 << 20]);
            }
        }

        return Part10(Deflated, deflated.ToArray());
    }

    private static byte[] Without(DicomTag tag)
    {
        var dataset = new SmallInstance().Dataset;
        dataset.Remove(tag);
        return Part10(Explicit, Explicitly(dataset));
    }

    /// <summary>The header of PixelData of so many bytes.</summary>
    private static byte[] WordsOf(uint length)
    {
        byte[] header = [0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'W', 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), length);
        return header;
    }

    private static byte[] Explicitly(DicomDataset dataset)
    {
        var output = new ArrayBufferWriter<byte>();
        new DicomWriter(output).WriteDataset(dataset);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Part10(string syntax, ReadOnlySpan<byte> dataset)
    {
        var uid = Encoding.ASCII.GetBytes(syntax.Length % 2 == 0 ? syntax : syntax + '\0');
        byte[] meta = [2, 0, 0x10, 0, (byte)'U', (byte)'I', (byte)uid.Length, 0, .. uid];
        return [.. new byte[128], .. "DICM"u8, 2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, (byte)meta.Length, 0, 0, 0, .. meta, .. dataset];
    }
}
