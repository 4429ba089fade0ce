using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Segmentation.Tests;

/// <summary>Real series of the optional test data; skipped where they are absent.</summary>
public sealed class RealSeriesTests : IDisposable
{
    private readonly Written _written = new();

    public void Dispose() => _written.Dispose();

    [SkippableFact]
    public async Task The_sagittal_MR_series_gets_a_valid_segmentation_and_valid_derived_images()
    {
        Written.RequirePydicom();
        var source = await LoadAsync(Path.Combine(TestData(), "mr-t1-sag"));
        Assert.Equal(4.8, source.SpacingBetweenSlices!.Value, 3);
        var voxels = Ellipsoid(source);
        var made = await _written.AddAsync(source, voxels, 1, [Written.Segment(1, "Head"), Written.Segment(2, "Core")]);
        Assert.InRange(made.Segments[0].VolumeMl!.Value, 100, 10_000);

        var pixels = new byte[voxels.Length * 2];
        for (var i = 0; i < voxels.Length; i++) pixels[2 * i] = voxels[i];
        var images = new DerivedImageSeries(source, pixels, Written.Identity with { SeriesInstanceUid = "2.25.5100" }, [.. source.Slices.Select((_, i) => $"2.25.88{i}")]);
        await _written.AddImagesAsync(images, source, pixels);
        await _written.AssertStandardAsync();
        await _written.AssertReadBackAsync();
    }

    [SkippableTheory]
    [InlineData("axial")]
    [InlineData("coronal")]
    [InlineData("sagittal")]
    public async Task The_T1_brain_gets_a_valid_segmentation_in_every_plane(string plane)
    {
        Written.RequirePydicom();
        var data = TestData();
        var directory = Directory.CreateTempSubdirectory("mcc-t1-").FullName;
        try
        {
            await Written.RunAsync("/usr/bin/python3", Path.Combine(data, "make_series.py"), "nifti", Path.Combine(data, "t1-brain", "t1.nii.gz"), directory, "--plane", plane, "--shuffle");
            var source = await LoadAsync(directory);
            Assert.Equal(256, source.Slices.Count);
            await _written.AddAsync(source, Ellipsoid(source), 1, [Written.Segment(1), Written.Segment(2)]);
            await _written.AssertStandardAsync();
            await _written.AssertReadBackAsync();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<SourceSeries> LoadAsync(string directory)
    {
        var headers = await Written.ScanAsync(directory);
        var order = headers.OrderBy(x => x.Value.GetInt(DicomTags.InstanceNumber)).Select(x => (x.Key, 1));
        return SourceSeries.Create(headers, [.. order]);
    }

    private static string TestData()
    {
        var root = new FileInfo(SourceFile()).Directory;
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "MedCloudCare.sln"))) root = root.Parent;
        var data = root is null ? null : TestSupport.TestDataFolder.Find(root.FullName);
        Skip.If(data is null, "test data is absent; MCC_TEST_DATA names it");
        return data!;
    }

    private static string SourceFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    /// <summary>Label 1 in an ellipsoid of the volume, 2 in its core.</summary>
    private static byte[] Ellipsoid(SourceSeries source)
    {
        int slices = source.Slices.Count, rows = source.Rows, columns = source.Columns;
        var voxels = new byte[slices * rows * columns];
        for (var k = 0; k < slices; k++)
        {
            for (var r = 0; r < rows; r++)
            {
                for (var c = 0; c < columns; c++)
                {
                    double z = ((2.0 * k) / slices) - 1, y = ((2.0 * r) / rows) - 1, x = ((2.0 * c) / columns) - 1;
                    var distance = (x * x) + (y * y) + (z * z);
                    voxels[(((k * rows) + r) * columns) + c] = distance < 0.1 ? (byte)2 : distance < 0.6 ? (byte)1 : (byte)0;
                }
            }
        }

        return voxels;
    }
}
