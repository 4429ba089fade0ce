using System.Runtime.InteropServices;
using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Segmentation.Tests;

public sealed class DerivedImageTests : IDisposable
{
    private readonly Written _written = new();

    public void Dispose() => _written.Dispose();

    [SkippableTheory]
    [InlineData("MR", SopClasses.MRImageStorage)]
    [InlineData("CT", SopClasses.CTImageStorage)]
    [InlineData("CR", SopClasses.SecondaryCaptureImageStorage)]
    public async Task Derived_images_are_standard_objects_with_exactly_the_model_s_values(string modality, string sopClass)
    {
        Written.RequirePydicom();
        var source = TestSeries.Source(modality == "CR"
            ? TestSeries.WithoutGeometry(12, 9, 2)
            : TestSeries.SingleFrame(12, 9, [0, 2, 4], modality: modality));
        var random = new Random(5);
        var values = new short[source.Slices.Count * 12 * 9];
        for (var i = 0; i < values.Length; i++) values[i] = (short)random.Next(short.MinValue, short.MaxValue + 1);
        var voxels = MemoryMarshal.AsBytes<short>(values).ToArray();
        var images = new DerivedImageSeries(source, voxels, Written.Identity, [.. source.Slices.Select((_, i) => $"2.25.88{i}")]);
        Assert.Equal(sopClass, images.SopClassUid);
        await _written.AddImagesAsync(images, source, voxels);
        await _written.AssertStandardAsync();
        await _written.AssertReadBackAsync();
    }

    [Fact]
    public void Voxels_that_do_not_fill_the_slices_are_refused()
    {
        var source = TestSeries.Source(TestSeries.SingleFrame(12, 9, [0, 2]));
        Assert.Throws<DerivedObjectException>(() => new DerivedImageSeries(source, new byte[12 * 9 * 2], Written.Identity, ["2.25.1", "2.25.2"]));
    }
}
