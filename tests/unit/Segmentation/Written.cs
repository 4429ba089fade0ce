using System.Diagnostics;
using System.Text.Json;
using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;
using MedCloudCare.Dicom.Segmentation;

namespace MedCloudCare.Segmentation.Tests;

/// <summary>Files of a test, and the independent programs that judge them: dciodvfy, dcmdump, pydicom.</summary>
internal sealed class Written : IDisposable
{
    public static readonly AlgorithmDescription Algorithm = new(
        "Brain tissue", "3", "models/0d3b6f30-4a0b-4f1c-9a55-5b1f6fb2c3aa/versions/3", "sha256:" + new string('a', 64));

    private readonly string _directory = Directory.CreateTempSubdirectory("mcc-seg-").FullName;
    private readonly List<object> _cases = [];

    public List<string> Files { get; } = [];

    public static DerivedSeriesIdentity Identity { get; } =
        new("2.25.5000", 9001, "Brain tissue: segmentation", new DateTimeOffset(2026, 11, 24, 9, 30, 0, TimeSpan.Zero), Algorithm);

    public static SegmentDescription Segment(int label, string name = "White matter", uint rgb = 0xFFCC00) => new(
        label, name, rgb, new CodedConcept("123037004", "SCT", "Anatomical Structure"), new CodedConcept("12738006", "SCT", "Brain"), $"2.25.60{label}");

    public async Task<SegmentationObject> AddAsync(SourceSeries source, byte[] voxels, int bytesPerVoxel, IReadOnlyList<SegmentDescription> segments)
    {
        var labels = new Labelmap(voxels, source.Slices.Count, source.Rows, source.Columns, bytesPerVoxel);
        var made = SegmentationObject.Create(source, labels, segments, Identity, "2.25.5001", "2.25.5002");
        var path = Next();
        await using (var output = File.Create(path)) await made.WriteAsync(output);
        await File.WriteAllBytesAsync(path + ".raw", voxels);
        _cases.Add(new
        {
            kind = "segmentation",
            file = path,
            voxels = path + ".raw",
            shape = (int[])[labels.Slices, labels.Rows, labels.Columns],
            dtype = bytesPerVoxel == 1 ? "u1" : "<u2",
            labels = segments.Select(x => x.Label).Order(),
            sources = source.Slices.Select(x => (object[])[x.SopInstanceUid, x.Frame ?? 1]),
            positions = source.HasGeometry ? source.Slices.Select(x => x.Position!.Numbers) : null,
        });
        return made;
    }

    public async Task AddImagesAsync(DerivedImageSeries images, SourceSeries source, byte[] voxels)
    {
        for (var slice = 0; slice < source.Slices.Count; slice++)
        {
            var path = Next();
            await using (var output = File.Create(path)) await images.WriteAsync(slice, output);
            var size = source.Rows * source.Columns * 2;
            await File.WriteAllBytesAsync(path + ".raw", voxels[(slice * size)..((slice + 1) * size)]);
            _cases.Add(new { kind = "image", file = path, voxels = path + ".raw", shape = (int[])[source.Rows, source.Columns] });
        }
    }

    /// <summary>pydicom reads what was to be written.</summary>
    public async Task AssertReadBackAsync()
    {
        var cases = Path.Combine(_directory, "cases.json");
        await File.WriteAllTextAsync(cases, JsonSerializer.Serialize(_cases));
        var differences = await RunAsync("/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "read_back.py"), cases);
        Assert.True(differences.Length == 0, differences);
    }

    /// <summary>dciodvfy and dcmdump find no error in any file.</summary>
    public async Task AssertStandardAsync()
    {
        Skip.IfNot(File.Exists("/usr/bin/dciodvfy"), "dciodvfy (package dicom3tools) is not installed");
        var errors = new List<string>();
        foreach (var file in Files)
        {
            var output = await RunAsync("/usr/bin/dciodvfy", file);
            errors.AddRange(output.Split('\n').Where(x => x.StartsWith("Error", StringComparison.Ordinal)));
        }

        if (File.Exists("/usr/bin/dcmdump")) errors.AddRange((await RunAsync("/usr/bin/dcmdump", ["-q", .. Files])).Split('\n').Where(x => x.StartsWith("E:", StringComparison.Ordinal)));
        Assert.True(errors.Count == 0, string.Join('\n', errors));
    }

    public static void RequirePydicom() => Skip.IfNot(Directory.Exists("/usr/lib/python3/dist-packages/pydicom"), "Debian's python3-pydicom is not installed");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public static async Task<IReadOnlyDictionary<string, DicomDataset>> ScanAsync(string directory)
    {
        var headers = new Dictionary<string, DicomDataset>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(directory, "*.dcm"))
        {
            await using var file = File.OpenRead(path);
            var info = await DicomInstanceScanner.ScanAsync(file);
            headers[info.SopInstanceUid] = DicomDataset.FromJson(info.Json.Span);
        }

        return headers;
    }

    /// <summary>Standard output and error together.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await error;
    }

    private string Next()
    {
        Files.Add(Path.Combine(_directory, $"{Files.Count:D4}.dcm"));
        return Files[^1];
    }
}
