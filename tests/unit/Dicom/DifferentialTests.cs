using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Xunit.Abstractions;

namespace MedCloudCare.Dicom.Tests;

public sealed class DifferentialTests(ITestOutputHelper output)
{
    private static readonly DicomReadOptions AnyFile = new() { RequireIdentifiers = false };

    /// <summary>Cut short (pydicom reads them as far as they go), no DICOM, or (no_meta.dcm) with a stray first byte.</summary>
    private static readonly string[] Refused = ["MR_truncated.dcm", "rtplan_truncated.dcm", "DICOMDIR-nooffset", "no_meta.dcm", "README"];

    [SkippableFact]
    public void Attributes_and_bulk_data_of_every_pydicom_file_are_what_pydicom_reads()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        AssertAlike(PydicomReference.Files.Where(x => !Refused.Contains(Path.GetFileName(x.Key))), PydicomReference.AllowedDifferences);
        Assert.True(PydicomReference.Files.Count > 150);
    }

    [SkippableFact]
    public void A_real_MR_series_is_what_pydicom_reads()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        var folder = Path.Combine(TestData(), "mr-t1-sag");
        Skip.IfNot(Directory.Exists(folder), $"{folder} is not there (MCC_TEST_DATA).");
        var paths = Directory.GetFiles(folder, "*.dcm");
        AssertAlike(PydicomReference.Describe(paths).Zip(paths, (reference, path) => KeyValuePair.Create(path, reference)));
    }

    private void AssertAlike(IEnumerable<KeyValuePair<string, JsonElement>> files, params IReadOnlyList<string> allowed)
    {
        var failures = new List<string>();
        foreach (var (path, reference) in files)
        {
            var name = Path.GetFileName(path);
            try
            {
                var file = File.ReadAllBytes(path);
                var info = DicomInstanceScanner.Scan(file, AnyFile);
                var comparison = new JsonComparison(uri => ReadBulk(info, file, uri), info.TransferSyntaxUid == TransferSyntax.ExplicitVRBigEndian.Uid);
                comparison.Compare(JsonDocument.Parse(info.Json).RootElement, reference.GetProperty("json"));
                failures.AddRange(comparison.Differences.Select(x => $"{name} {x}"));
                failures.AddRange(MetaDifferences(info.Meta, reference.GetProperty("meta")).Select(x => $"{name} {x}"));
                if (info.TransferSyntaxUid != reference.GetProperty("syntax").GetString()) failures.Add($"{name} syntax {info.TransferSyntaxUid}");
            }
            catch (DicomException e)
            {
                failures.Add($"{name}: {e.Message}");
            }
        }

        output.WriteLine(string.Join('\n', failures));
        Assert.Equal(allowed.Order(StringComparer.Ordinal), failures.Order(StringComparer.Ordinal));
    }

    /// <summary>Group 0002, which DICOM JSON leaves out.</summary>
    private static IEnumerable<string> MetaDifferences(DicomDataset meta, JsonElement reference)
    {
        var ours = meta.Where(x => !x.Tag.IsGroupLength).ToDictionary(x => x.Tag.ToString(), x => x.VR.IsBulk() ? Convert.ToBase64String(x.Value.Span) : string.Join('\\', x.Strings));
        var theirs = reference.EnumerateObject().ToDictionary(x => x.Name, x => x.Value.TryGetProperty("InlineBinary", out var binary)
            ? binary.GetString()!
            : string.Join('\\', x.Value.TryGetProperty("Value", out var values) ? values.EnumerateArray().Select(v => v.ToString()) : []));
        return ours.Keys.Union(theirs.Keys).Where(k => ours.GetValueOrDefault(k) != theirs.GetValueOrDefault(k))
            .Select(k => $"{k}: [{ours.GetValueOrDefault(k)}], pydicom [{theirs.GetValueOrDefault(k)}]");
    }

    private static string TestData()
    {
        var root = new DirectoryInfo(SourceFolder());
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "MedCloudCare.sln"))) root = root.Parent;
        return (root is null ? null : TestSupport.TestDataFolder.Find(root.FullName)) ?? "/nonexistent";
    }

    private static string SourceFolder([System.Runtime.CompilerServices.CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [SkippableFact]
    public void Every_frame_of_every_pydicom_file_is_where_the_index_says()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        var frames = 0;
        var failures = new List<string>();
        foreach (var (path, reference) in PydicomReference.Files)
        {
            if (Refused.Contains(Path.GetFileName(path)) || !reference.TryGetProperty("frames", out var expected) || expected.ValueKind != JsonValueKind.Array) continue;
            var file = File.ReadAllBytes(path);
            var info = DicomInstanceScanner.Scan(file, AnyFile);
            var index = FrameIndex.FromBytes(info.Frames.ToBytes());
            var source = index.IsInflated ? Inflate(info, file) : file;
            var ours = Enumerable.Range(0, index.Count).Select(i => Hash(source, index[i])).ToArray();
            frames += ours.Length;
            if (!ours.SequenceEqual(expected.EnumerateArray().Select(x => x.GetString()!))) failures.Add($"{Path.GetFileName(path)}: {ours.Length} of {expected.GetArrayLength()}");
        }

        output.WriteLine($"{frames} frames; {string.Join('\n', failures)}");
        Assert.Empty(failures);
        Assert.True(frames > 100);
    }

    [SkippableFact]
    public void What_is_no_data_set_is_refused()
    {
        foreach (var name in (string[])["no_meta.dcm", "README"])
        {
            var file = File.ReadAllBytes(PydicomReference.FileNamed(name));
            Assert.Equal(DicomError.NotDicom, Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file, AnyFile)).Error);
        }
    }

    [SkippableTheory]
    [InlineData("MR_truncated.dcm", DicomError.LengthBeyondEnd)]
    [InlineData("rtplan_truncated.dcm", DicomError.LengthBeyondEnd)]
    public void Truncated_files_are_refused_with_a_type_and_a_place(string name, DicomError error)
    {
        var file = File.ReadAllBytes(PydicomReference.FileNamed(name));
        var refusal = Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file, AnyFile));
        Assert.Equal(error, refusal.Error);
        Assert.InRange(refusal.Offset, 1, file.Length);
        Assert.NotEmpty(refusal.Path);

        using var scanner = new DicomInstanceScanner(AnyFile);
        scanner.Write(file);
        Assert.Equal(DicomError.Truncated, Assert.Throws<DicomException>(scanner.Complete).Error);
    }

    private static string Hash(byte[] source, FrameLocation frame)
    {
        var assembled = new ArrayBufferWriter<byte>();
        frame.Assemble(source.AsSpan((int)frame.Offset, (int)frame.Length), assembled);
        return Convert.ToHexStringLower(SHA256.HashData(assembled.WrittenSpan));
    }

    private static byte[] ReadBulk(DicomInstanceInfo info, byte[] file, string uri)
    {
        var path = uri[(BulkDataUri.Base.Length + "/bulkdata/".Length)..];
        var bulk = info.BulkData.Single(x => x.Path == path);
        var source = info.IsInflated ? Inflate(info, file) : file;
        return source.AsSpan((int)bulk.Offset, (int)bulk.Length).ToArray();
    }

    private static byte[] Inflate(DicomInstanceInfo info, byte[] file)
    {
        using var deflate = new DeflateStream(new MemoryStream(file, (int)info.DatasetOffset, file.Length - (int)info.DatasetOffset), CompressionMode.Decompress);
        using var inflated = new MemoryStream();
        deflate.CopyTo(inflated);
        return inflated.ToArray();
    }
}
