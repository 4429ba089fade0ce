using System.Buffers;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Fuzz;

/// <summary>Ways that a data set must survive.</summary>
public static class RoundTrips
{
    // A preamble, "DICM" and (0002,0010), as short as a file can begin.
    private static readonly byte[] Start = [.. new byte[128], .. "DICM"u8, 2, 0, 0x10, 0, (byte)'U', (byte)'I', 20, 0, .. "1.2.840.10008.1.2.1\0"u8];

    /// <summary>JSON of ours → data set → JSON → data set → JSON: the last two are the same (the first may hold digits that DS has no room for).</summary>
    public static DicomDataset ThroughJson(ReadOnlySpan<byte> json)
    {
        var read = DicomJsonReader.Read(json);
        var once = read.ToJson();
        var twice = DicomJsonReader.Read(once).ToJson();
        if (!once.AsSpan().SequenceEqual(twice)) throw new FindingException($"JSON changes on its way: {Encoding.UTF8.GetString(once)} {Encoding.UTF8.GetString(twice)}");
        return read;
    }

    /// <summary>Data set → our writer → scanner → JSON: the same, but for character sets, which the writer makes UTF-8.</summary>
    public static void ThroughFile(DicomDataset dataset, ReadOnlySpan<byte> json)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write(Start);
        new DicomWriter(output).WriteDataset(dataset.Clone().Set(DicomTags.SpecificCharacterSet, "ISO_IR 192"));
        var options = FuzzTarget.Options with { MaxInlineValue = 1 << 20, BulkDataThreshold = 1 << 20, MaxMetadataBytes = 16 << 20, MaxElements = 20_000 };
        var back = Comparable(DicomInstanceScanner.Scan(output.WrittenSpan, options).Dataset).ToJson();
        var before = Comparable(dataset).ToJson();
        if (!back.AsSpan().SequenceEqual(before)) throw new FindingException($"the file holds something else: {Encoding.UTF8.GetString(before)} {Encoding.UTF8.GetString(back)} {Encoding.UTF8.GetString(json)}");
    }

    /// <summary>What the writer keeps: no character sets of items, values of even length.</summary>
    private static DicomDataset Comparable(DicomDataset dataset)
    {
        var copy = new DicomDataset();
        foreach (var element in dataset)
        {
            if (element.Tag != DicomTags.SpecificCharacterSet) copy.Set(Comparable(element));
        }

        return copy;
    }

    private static DicomElement Comparable(DicomElement element)
    {
        if (element.VR == DicomVR.SQ) return new DicomElement(element.Tag, [.. element.Items.Select(Comparable)]);
        return element.VR.IsBulk() && element.Value.Length % 2 != 0 ? new DicomElement(element.Tag, element.VR, (byte[])[.. element.Value.Span, 0]) : element;
    }
}
