using System.Globalization;
using System.Text;
using CsCheck;

namespace MedCloudCare.Dicom.Tests;

public sealed class WriterTests
{
    private static readonly Gen<string> Text = Gen.Char["abcÄé王山ک -_.,"].Array[0, 12].Select(x => new string(x).Trim());

    private static readonly Gen<DicomElement> Element = Gen.OneOf(
        Gen.Select(OneOf(DicomTags.PatientID, DicomTags.StudyDescription, DicomTags.SeriesDescription, DicomTags.PatientComments), Text.Array[1, 3],
            (tag, values) => new DicomDataset().Set(tag, tag == DicomTags.PatientComments ? values[..1] : values).Single()),
        Gen.Select(OneOf(DicomTags.PixelSpacing, DicomTags.ImagePositionPatient), Gen.Double[-1e6, 1e6].Array[1, 3],
            (tag, values) => new DicomDataset().Set(tag, values).Single()),
        Gen.Int[short.MinValue, short.MaxValue].Array[1, 4].Select(x => new DicomDataset().Set(new DicomTag(0x0028, 0x0106), DicomVR.SS, [.. x.Select(y => (double)y)]).Single()),
        Gen.Double.Array[1, 3].Select(x => new DicomElement(DicomTags.DiffusionGradientOrientation, DicomVR.FD, x.SelectMany(BitConverter.GetBytes).ToArray())),
        Gen.Byte.Array[0, 40].Select(x => new DicomElement(DicomTags.EncapsulatedDocument, DicomVR.OB, x.Length % 2 == 0 ? x : [.. x, 0])),
        Gen.UInt.Array[1, 3].Select(x => new DicomDataset().SetTags(DicomTags.FrameIncrementPointer, [.. x.Select(y => new DicomTag(y))]).Single()),
        Gen.ULong.Select(x => new DicomElement(DicomTags.SelectorUVValue, DicomVR.UV, BitConverter.GetBytes(x))));

    private static Gen<DicomDataset> Dataset(int depth) => depth == 0
        ? Element.Array[0, 6].Select(Make)
        : Gen.Select(Element.Array[0, 6], Dataset(depth - 1).Array[0, 3], (elements, items) => Make(elements).SetItems(DicomTags.RequestAttributesSequence, items));

    [Fact]
    public void What_is_written_is_read_back() => Dataset(3).Sample(dataset =>
    {
        var whole = dataset.Clone();
        foreach (var element in SampleFiles.Identified()) whole.Set(element);
        var info = DicomInstanceScanner.Scan(DicomFile.ToArray(whole));
        whole.Remove(DicomTags.SpecificCharacterSet);
        info.Dataset.Remove(DicomTags.SpecificCharacterSet);
        return Json(info.Dataset) == Json(whole);
    }, iter: 1000);

    [Fact]
    public void JSON_is_read_back() => Dataset(3).Sample(dataset => Json(DicomDataset.FromJson(dataset.ToJson())) == Json(dataset), iter: 1000);

    [SkippableFact]
    public void Pydicom_and_dcmdump_read_what_is_written()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        Dataset(3).Array[40].Sample(x => AssertReadAlike([.. x, SampleFiles.Image(3, 5, 7)]), iter: 1);
    }

    private static void AssertReadAlike(DicomDataset[] datasets)
    {
        var folder = Directory.CreateTempSubdirectory("mcc-dicom-");
        try
        {
            var paths = datasets.Select((dataset, i) => Path.Combine(folder.FullName, $"{i.ToString("D2", CultureInfo.InvariantCulture)}.dcm")).ToArray();
            for (var i = 0; i < paths.Length; i++)
            {
                foreach (var element in SampleFiles.Identified()) datasets[i].Set(element);
                File.WriteAllBytes(paths[i], DicomFile.ToArray(datasets[i]));
            }

            foreach (var (reference, path) in PydicomReference.Describe(paths).Zip(paths))
            {
                var comparison = new JsonComparison(_ => throw new InvalidOperationException());
                comparison.Compare(System.Text.Json.JsonDocument.Parse(DicomInstanceScanner.Scan(File.ReadAllBytes(path)).Json).RootElement, reference.GetProperty("json"));
                Assert.Empty(comparison.Differences);
            }

            if (File.Exists("/usr/bin/dcmdump")) PydicomReference.Run("/usr/bin/dcmdump", ["-q", .. paths]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Pixel_data_is_streamed_into_a_file()
    {
        var pixels = new byte[100_001];
        new Random(3).NextBytes(pixels);
        var dataset = SampleFiles.Image(1, 50_000, 2, 8).SetBytes(DicomTags.DataSetTrailingPadding, DicomVR.OB, new byte[4]);
        using var file = new MemoryStream();
        await DicomFile.WriteAsync(dataset, DicomVR.OB, pixels.Length, new MemoryStream(pixels), file);
        var info = await DicomInstanceScanner.ScanAsync(new MemoryStream(file.ToArray()));
        Assert.Equal(pixels.Length + 1, info.BulkData.Single().Length);
        Assert.Equal(pixels.AsSpan(0, 50_000), file.ToArray().AsSpan((int)info.Frames[0].Offset, 50_000));
        Assert.True(info.Dataset.Contains(DicomTags.DataSetTrailingPadding));
        await Assert.ThrowsAsync<EndOfStreamException>(() => DicomFile.WriteAsync(dataset, DicomVR.OB, pixels.Length + 1, new MemoryStream(pixels), Stream.Null));
    }

    [Fact]
    public void The_meta_group_has_its_length_and_values_are_padded()
    {
        var file = DicomFile.ToArray(SampleFiles.Identified().Set(DicomTags.PatientID, "abc"));
        Assert.Equal(0, file.Length % 2);
        Assert.True(Preamble.IsPresent(file));
        var info = DicomInstanceScanner.Scan(file);
        Assert.Equal(info.DatasetOffset, 132 + 12 + BitConverter.ToUInt32(file, 140));
        Assert.Equal("abc "u8, info.Dataset.Find(DicomTags.PatientID)!.Value.Span);
        Assert.Equal("1.2.3.4.5\0"u8, info.Dataset.Find(DicomTags.SOPInstanceUID)!.Value.Span);
        Assert.Equal("abc", info.Dataset.GetString(DicomTags.PatientID));
    }

    [Fact]
    public void Text_of_another_character_set_is_written_as_UTF8()
    {
        var read = new DicomDataset();
        foreach (var element in SampleFiles.Identified()) read.Set(element);
        read.Set(new DicomElement(DicomTags.PatientName, DicomVR.PN, new byte[] { 0x1B, 0x24, 0x42, 0x3B, 0x33, 0x1B, 0x28, 0x42 }, DicomCharacterSet.Of(["", "ISO 2022 IR 87"])));
        var dataset = DicomInstanceScanner.Scan(DicomFile.ToArray(read)).Dataset;
        Assert.Equal("ISO_IR 192", dataset.GetString(DicomTags.SpecificCharacterSet));
        Assert.Equal("山", dataset.GetString(DicomTags.PatientName));
    }

    private static Gen<DicomTag> OneOf(params DicomTag[] tags) => Gen.Int[0, tags.Length - 1].Select(x => tags[x]);

    private static DicomDataset Make(DicomElement[] elements)
    {
        var dataset = new DicomDataset();
        foreach (var element in elements) dataset.Set(element);
        return dataset;
    }

    private static string Json(DicomDataset dataset) => Encoding.UTF8.GetString(dataset.ToJson());
}
