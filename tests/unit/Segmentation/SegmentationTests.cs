using CsCheck;
using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Derived;
using MedCloudCare.Dicom.Segmentation;

namespace MedCloudCare.Segmentation.Tests;

public sealed class SegmentationTests : IDisposable
{
    private readonly Written _written = new();

    public void Dispose() => _written.Dispose();

    public static TheoryData<double[], double[]> Geometries => new()
    {
        { [1, 0, 0, 0, 1, 0], [0, 3, 6, 9] },
        { [0, 1, 0, 0, 0, -1], [9, 6, 3, 0] },
        { [0.8, 0.6, 0, -0.6, 0.8, 0], [0, 1, 5, 30] },
        { [1, 0, 0, 0, 0, -1], [5, -5, 2.5, 0] },
    };

    [SkippableTheory]
    [MemberData(nameof(Geometries))]
    public async Task Any_orientation_order_and_spacing_is_a_standard_object(double[] orientation, double[] depths)
    {
        Written.RequirePydicom();
        var source = TestSeries.Source(TestSeries.SingleFrame(13, 11, depths, orientation));
        await _written.AddAsync(source, Random(source, [1, 2], 7), 1, [Written.Segment(1), Written.Segment(2, "Grey matter", 0xD02020)]);
        await _written.AssertStandardAsync();
        await _written.AssertReadBackAsync();
    }

    [SkippableFact]
    public async Task Random_labelmaps_are_read_back_bit_for_bit()
    {
        Written.RequirePydicom();
        var cases = Gen.Select(Gen.Int[1, 5], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Bool, Gen.Int[0, 1000], Gen.Double[0, 1]);
        await cases.SampleAsync(
            async c =>
            {
                var (slices, rows, columns, wide, seed, density) = c;
                var source = TestSeries.Source(TestSeries.SingleFrame(rows, columns, [.. Enumerable.Range(0, slices).Select(x => 2.5 * x)]));
                int[] labels = wide ? [2, 300, 65535] : [3, 9, 255];
                await _written.AddAsync(source, Random(source, labels, seed, density, wide), wide ? 2 : 1, [.. labels.Select(x => Written.Segment(x))]);
            },
            iter: 60,
            threads: 1);
        await _written.AssertReadBackAsync();
    }

    [SkippableFact]
    public async Task Frames_of_a_multi_frame_source_are_referenced_by_number()
    {
        Written.RequirePydicom();
        var header = TestSeries.MultiFrame(9, 10, 6);
        var uid = header.GetString(DicomTags.SOPInstanceUID)!;
        var source = SourceSeries.Create(new Dictionary<string, DicomDataset> { [uid] = header }, [.. Enumerable.Range(1, 6).Reverse().Select(x => (uid, x))]);
        Assert.True(source.HasGeometry);
        Assert.Equal(2.0, source.SpacingBetweenSlices);
        await _written.AddAsync(source, Random(source, [1], 3), 1, [Written.Segment(1)]);
        await _written.AssertStandardAsync();
        await _written.AssertReadBackAsync();
    }

    [SkippableFact]
    public async Task Images_without_geometry_get_a_segmentation_by_reference()
    {
        Written.RequirePydicom();
        var source = TestSeries.Source(TestSeries.WithoutGeometry(20, 30, 2));
        var made = await _written.AddAsync(source, Random(source, [1], 3), 1, [Written.Segment(1)]);
        Assert.Null(made.Segments[0].VolumeMl);
        await _written.AssertStandardAsync();
        await _written.AssertReadBackAsync();
    }

    [SkippableFact]
    public async Task A_segmentation_that_found_nothing_is_valid_and_has_one_empty_frame()
    {
        Written.RequirePydicom();
        var source = TestSeries.Source(TestSeries.SingleFrame(8, 8, [0, 1, 2]));
        var made = await _written.AddAsync(source, new byte[3 * 64], 1, [Written.Segment(1), Written.Segment(2)]);
        Assert.Equal(1, made.FrameCount);
        Assert.All(made.Segments, x => Assert.Equal(0, x.Voxels));
        await _written.AssertStandardAsync();
        await _written.AssertReadBackAsync();
    }

    [Fact]
    public async Task The_same_job_writes_the_same_bytes()
    {
        var source = TestSeries.Source(TestSeries.SingleFrame(64, 64, [0, 1, 2]));
        var voxels = Random(source, [1], 3);
        await _written.AddAsync(source, voxels, 1, [Written.Segment(1)]);
        var again = TestSeries.Source(TestSeries.SingleFrame(64, 64, [0, 1, 2]));
        await _written.AddAsync(again, voxels, 1, [Written.Segment(1)]);
        Assert.Equal(await File.ReadAllBytesAsync(_written.Files[0]), await File.ReadAllBytesAsync(_written.Files[1]));
    }

    [Fact]
    public void The_header_says_who_made_it_and_whose_it_is()
    {
        var source = TestSeries.Source(TestSeries.SingleFrame(4, 4, [0, 1]));
        var header = SegmentationObject.Create(source, new Labelmap(new byte[32], 2, 4, 4, 1), [Written.Segment(1)], Written.Identity, "2.25.7", "2.25.8").Header;
        Assert.Equal("Yamada^Tarou=山田^太郎", header.GetString(DicomTags.PatientName));
        Assert.Equal(TestSeries.Study, header.GetString(DicomTags.StudyInstanceUID));
        Assert.Equal("2.25.5000", header.GetString(DicomTags.SeriesInstanceUID));
        Assert.Equal(2, header.GetItem(DicomTags.ReferencedSeriesSequence)!.GetItems(DicomTags.ReferencedInstanceSequence).Count);
        var algorithm = header.GetItem(DicomTags.SegmentSequence)!.GetItem(DicomTags.SegmentationAlgorithmIdentificationSequence)!;
        Assert.Equal("3", algorithm.GetString(DicomTags.AlgorithmVersion));
        Assert.Contains(Written.Algorithm.Digest, algorithm.GetString(DicomTags.AlgorithmParameters), StringComparison.Ordinal);
        Assert.Contains(Written.Algorithm.Digest, header.GetItem(DicomTags.ContributingEquipmentSequence)!.GetString(DicomTags.ContributionDescription), StringComparison.Ordinal);
    }

    [Fact]
    public void Volumes_follow_the_gaps_between_slices()
    {
        // Gaps 2 and 6: shares of the stack are 2, 4 and 6 mm; a pixel is 0.75 × 0.5 mm.
        var source = TestSeries.Source(TestSeries.SingleFrame(10, 10, [0, 2, 8]));
        var voxels = new byte[300];
        Array.Fill(voxels, (byte)1, 0, 100);
        Array.Fill(voxels, (byte)2, 100, 200);
        var made = SegmentationObject.Create(source, new Labelmap(voxels, 3, 10, 10, 1), [Written.Segment(1), Written.Segment(2)], Written.Identity, "2.25.7", "2.25.8");
        Assert.Equal(100 * 0.375 * 2 / 1000, made.Segments[0].VolumeMl!.Value, 9);
        Assert.Equal(100 * 0.375 * (4 + 6) / 1000, made.Segments[1].VolumeMl!.Value, 9);
        Assert.Null(source.SpacingBetweenSlices);
    }

    [Fact]
    public void A_result_that_does_not_fit_its_source_is_refused()
    {
        var source = TestSeries.Source(TestSeries.SingleFrame(4, 4, [0, 1]));
        var voxels = new byte[32];
        voxels[20] = 5;
        void Create(Labelmap labels, params SegmentDescription[] segments) =>
            SegmentationObject.Create(source, labels, segments, Written.Identity, "2.25.7", "2.25.8");
        Assert.Contains("label 5", Assert.Throws<DerivedObjectException>(() => Create(new Labelmap(voxels, 2, 4, 4, 1), Written.Segment(1))).Message, StringComparison.Ordinal);
        Assert.Throws<DerivedObjectException>(() => Create(new Labelmap(voxels, 2, 2, 8, 1), Written.Segment(5)));
        Assert.Throws<DerivedObjectException>(() => Create(new Labelmap(voxels, 1, 4, 8, 1), Written.Segment(5)));
        Assert.Throws<DerivedObjectException>(() => Create(new Labelmap(voxels, 2, 4, 4, 1), Written.Segment(5), Written.Segment(5)));
        Assert.Throws<DerivedObjectException>(() => Create(new Labelmap(voxels, 2, 4, 4, 1)));
        Assert.Throws<DerivedObjectException>(() => new Labelmap(voxels, 2, 4, 3, 1));
        Assert.Throws<DerivedObjectException>(() => TestSeries.Source(TestSeries.SingleFrame(4, 4, [0, 1]), [0, 0]));
    }

    private static byte[] Random(SourceSeries source, int[] labels, int seed, double density = 0.4, bool wide = false)
    {
        var random = new Random(seed);
        var voxels = new byte[source.Slices.Count * source.Rows * source.Columns * (wide ? 2 : 1)];
        for (var i = 0; i < voxels.Length; i += wide ? 2 : 1)
        {
            var label = random.NextDouble() < density ? labels[random.Next(labels.Length)] : 0;
            voxels[i] = (byte)label;
            if (wide) voxels[i + 1] = (byte)(label >> 8);
        }

        return voxels;
    }
}
