using System.Globalization;
using System.Text;
using CsCheck;
using MedCloudCare.Fuzz;

namespace MedCloudCare.Dicom.Tests;

public sealed class WriterTests
{
    [Fact]
    public void What_is_written_is_read_back() => RandomDatasets.Of(3).Sample(dataset =>
    {
        var whole = dataset.Clone();
        foreach (var element in SampleFiles.Identified()) whole.Set(element);
        var info = DicomInstanceScanner.Scan(DicomFile.ToArray(whole));
        whole.Remove(DicomTags.SpecificCharacterSet);
        info.Dataset.Remove(DicomTags.SpecificCharacterSet);
        return Json(info.Dataset) == Json(whole);
    }, iter: 1000);

    [Fact]
    public void JSON_is_read_back() => RandomDatasets.Of(3).Sample(dataset => Json(DicomDataset.FromJson(dataset.ToJson())) == Json(dataset), iter: 1000);

    [Theory]
    [MemberData(nameof(Encodings))]
    public void Every_encoding_of_a_data_set_is_read_alike(string syntax, bool hasUndefinedLengths) => RandomDatasets.Of(3).Sample(dataset =>
    {
        var file = Encode(dataset, syntax, hasUndefinedLengths);
        var read = DicomInstanceScanner.Scan(file, new DicomReadOptions { RequireIdentifiers = false });
        return read.TransferSyntaxUid == syntax && Json(read.Dataset) == Json(dataset.Clone().Set(DicomTags.SpecificCharacterSet, "ISO_IR 192"));
    }, iter: 300);

    [SkippableTheory]
    [MemberData(nameof(Encodings))]
    public void Pydicom_reads_every_encoding_of_a_data_set_alike(string syntax, bool hasUndefinedLengths)
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        RandomDatasets.Of(3).Array[50].Sample(x => AssertFilesReadAlike([.. x.Select(d => Encode(d, syntax, hasUndefinedLengths))]), iter: 1);
    }

    [SkippableFact]
    public void Pydicom_decodes_every_character_set_alike()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        RandomDatasets.InCharacterSet.Array[100].Sample(x => AssertFilesReadAlike([.. x.Select(d => DatasetEncoder.File(TransferSyntax.ExplicitVRLittleEndian.Uid, d))]), iter: 1);
    }

    public static TheoryData<string, bool> Encodings
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var syntax in (TransferSyntax[])[TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian, TransferSyntax.DeflatedExplicitVRLittleEndian])
            {
                data.Add(syntax.Uid, false);
                data.Add(syntax.Uid, true);
            }

            return data;
        }
    }

    private static byte[] Encode(DicomDataset dataset, string uid, bool hasUndefinedLengths)
    {
        var syntax = TransferSyntax.Find(uid)!;
        var body = new DatasetEncoder(syntax.IsExplicitVR, syntax.IsBigEndian, hasUndefinedLengths).Add(dataset.Clone().Set(DicomTags.SpecificCharacterSet, "ISO_IR 192")).ToArray();
        return [.. DatasetEncoder.Meta(uid, dataset), .. syntax.IsDeflated ? DatasetEncoder.Deflate(body) : body];
    }

    [SkippableFact]
    public void Pydicom_and_dcmdump_read_what_is_written()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        RandomDatasets.Of(3).Array[40].Sample(x => AssertReadAlike([.. x, SampleFiles.Image(3, 5, 7)]), iter: 1);
    }

    private static void AssertReadAlike(DicomDataset[] datasets)
    {
        foreach (var dataset in datasets)
        {
            foreach (var element in SampleFiles.Identified()) dataset.Set(element);
        }

        AssertFilesReadAlike([.. datasets.Select(DicomFile.ToArray)]);
    }

    private static void AssertFilesReadAlike(byte[][] files)
    {
        var folder = Directory.CreateTempSubdirectory("mcc-dicom-");
        try
        {
            var paths = files.Select((_, i) => Path.Combine(folder.FullName, $"{i.ToString("D2", CultureInfo.InvariantCulture)}.dcm")).ToArray();
            for (var i = 0; i < paths.Length; i++) File.WriteAllBytes(paths[i], files[i]);

            foreach (var (reference, path) in PydicomReference.Describe(paths).Zip(paths))
            {
                var info = DicomInstanceScanner.Scan(File.ReadAllBytes(path), new DicomReadOptions { RequireIdentifiers = false });
                var comparison = new JsonComparison(_ => throw new InvalidOperationException(), info.TransferSyntaxUid == TransferSyntax.ExplicitVRBigEndian.Uid);
                comparison.Compare(System.Text.Json.JsonDocument.Parse(info.Json).RootElement, reference.GetProperty("json"));
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
    public void Half_a_number_at_the_end_of_a_value_is_not_made_a_whole_one()
    {
        var dataset = SampleFiles.Identified().SetBytes(DicomTags.Rows, DicomVR.US, new byte[] { 1, 0, 2 }).SetBytes(DicomTags.EncapsulatedDocument, DicomVR.OB, new byte[3]);
        var read = DicomInstanceScanner.Scan(DicomFile.ToArray(dataset)).Dataset;
        Assert.Equal([1d], read.GetDoubles(DicomTags.Rows));
        Assert.Equal(4, read.Find(DicomTags.EncapsulatedDocument)!.Value.Length);
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

    private static string Json(DicomDataset dataset) => Encoding.UTF8.GetString(dataset.ToJson());
}
