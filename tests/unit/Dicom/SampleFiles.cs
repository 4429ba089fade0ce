using System.Buffers;
using System.IO.Compression;
using System.Text;

namespace MedCloudCare.Dicom.Tests;

/// <summary>Files made here, for tests that need nothing installed.</summary>
internal static class SampleFiles
{
    public static DicomDataset Identified() => new DicomDataset()
        .Set(DicomTags.SOPClassUID, SopClasses.MRImageStorage)
        .Set(DicomTags.SOPInstanceUID, "1.2.3.4.5")
        .Set(DicomTags.StudyInstanceUID, "1.2.3.1")
        .Set(DicomTags.SeriesInstanceUID, "1.2.3.2");

    public static DicomDataset Image(int rows, int columns, int frames, int bits = 16)
    {
        var dataset = Identified().Set(DicomTags.Modality, "MR").Set(DicomTags.PatientName, "Müller^Jürgen=山田^太郎")
            .Set(DicomTags.Rows, rows).Set(DicomTags.Columns, columns).Set(DicomTags.NumberOfFrames, frames)
            .Set(DicomTags.SamplesPerPixel, 1).Set(DicomTags.BitsAllocated, bits).Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.SetItems(DicomTags.ReferencedSeriesSequence, new DicomDataset()
            .Set(DicomTags.SeriesInstanceUID, "1.2.9")
            .SetItems(DicomTags.ReferencedInstanceSequence, new DicomDataset().Set(DicomTags.ReferencedSOPInstanceUID, "1.2.9.1"), new DicomDataset()));
        return dataset;
    }

    public static byte[] ImageFile(int rows = 4, int columns = 3, int frames = 2, int bits = 16)
    {
        var pixels = new byte[((rows * columns * frames * bits) + 7) / 8];
        new Random(1).NextBytes(pixels);
        return DicomFile.ToArray(Image(rows, columns, frames, bits).SetBytes(DicomTags.PixelData, bits > 8 ? DicomVR.OW : DicomVR.OB, pixels));
    }

    /// <summary>Meta group of the syntax followed by the bytes of a data set in that syntax.</summary>
    public static byte[] WithSyntax(string syntax, ReadOnlySpan<byte> dataset)
    {
        var group = new ArrayBufferWriter<byte>();
        new DicomWriter(group).WriteElement(new DicomElement(DicomTags.TransferSyntaxUID, DicomVR.UI, Encoding.ASCII.GetBytes(syntax)));
        return [.. new byte[128], .. "DICM"u8, .. group.WrittenSpan, .. dataset];
    }

    public static byte[] Explicit(DicomDataset dataset)
    {
        var bytes = new ArrayBufferWriter<byte>();
        new DicomWriter(bytes).WriteDataset(dataset);
        return bytes.WrittenSpan.ToArray();
    }

    public static byte[] Deflate(ReadOnlySpan<byte> bytes)
    {
        using var target = new MemoryStream();
        using (var deflate = new DeflateStream(target, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(bytes);
        return target.ToArray();
    }

    /// <summary>Tokens as text, values joined, so that two ways to feed the same bytes can be compared.</summary>
    public static string Describe(DicomInstanceInfo info)
    {
        var text = new StringBuilder();
        text.Append(info.SopInstanceUid).Append('|').Append(info.TransferSyntaxUid).Append('|').Append(info.FileLength).Append('|').Append(info.HasPreamble)
            .Append('|').Append(info.DatasetOffset).Append('|').Append(info.IsInflated).Append('|').Append(Convert.ToHexString(info.Frames.ToBytes())).Append('|')
            .Append(Encoding.UTF8.GetString(info.Json.Span)).Append(Encoding.UTF8.GetString(info.Meta.ToJson()));
        foreach (var bulk in info.BulkData) text.Append(bulk);
        return text.ToString();
    }

    /// <summary>The description, or the error and where it is.</summary>
    public static string Outcome(Func<DicomInstanceInfo> scan)
    {
        try
        {
            return Describe(scan());
        }
        catch (DicomException e)
        {
            return $"{e.Error} {e.Path} {e.Offset}";
        }
    }
}
