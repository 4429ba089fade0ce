using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>
/// A DICOM Segmentation of type BINARY (PS3.3 §A.51) made of a labelmap. The header is built at once; pixel data is packed
/// frame by frame while the file is written. Only slices in which a segment has voxels become frames; a segmentation in which
/// nothing was found has one frame without a set pixel, since the standard wants one.
/// </summary>
public sealed class SegmentationObject
{
    private readonly Labelmap _labels;
    private readonly IReadOnlyList<SegmentFrame> _frames;

    private SegmentationObject(Labelmap labels, IReadOnlyList<SegmentFrame> frames, IReadOnlyList<WrittenSegment> segments, DicomDataset header)
    {
        (_labels, _frames) = (labels, frames);
        (Segments, Header) = (segments, header);
        if (PixelDataLength > MaxPixelData) throw new DerivedObjectException("The segmentation is larger than a DICOM object can be.");
    }

    // Lengths of pixel data are 32 bits, even, and 0xFFFFFFFF means undefined.
    private const long MaxPixelData = 0xFFFFFFFC;

    /// <summary>The segments in the order of their numbers, empty ones too.</summary>
    public IReadOnlyList<WrittenSegment> Segments { get; }

    /// <summary>Everything but the pixel data.</summary>
    public DicomDataset Header { get; }

    public int FrameCount => _frames.Count;

    /// <summary>Bytes of the pixel data, padding excluded.</summary>
    public long PixelDataLength => PackedFrames.LengthOf(_labels, _frames.Count);

    /// <summary>Checks the labelmap against source and segments and builds the header.</summary>
    /// <param name="source">As many slices, rows and columns as the labelmap has.</param>
    /// <param name="segments">In any order, numbers unique; at least one.</param>
    /// <param name="identity">Series, time and algorithm.</param>
    /// <param name="sopInstanceUid">UID of the new instance.</param>
    /// <param name="dimensionOrganizationUid">UID of its dimension organization.</param>
    /// <exception cref="DerivedObjectException">The labelmap does not fit.</exception>
    public static SegmentationObject Create(
        SourceSeries source,
        Labelmap labels,
        IReadOnlyList<SegmentDescription> segments,
        DerivedSeriesIdentity identity,
        string sopInstanceUid,
        string dimensionOrganizationUid)
    {
        RequireFit(source, labels, segments);
        SegmentDescription[] ordered = [.. segments.OrderBy(x => x.Label)];
        var counts = labels.Count([.. ordered.Select(x => x.Label)]);
        var frames = Frames(source, ordered, counts);
        var written = Summarise(source, ordered, counts);

        var header = SegmentationModules.Create(source, identity, sopInstanceUid, frames.Count);
        header.SetItems(DicomTags.SegmentSequence, [.. written.Select(x => SegmentItems.Create(x, identity.Algorithm))]);
        new FunctionalGroups(source, frames).AddTo(header, dimensionOrganizationUid);
        return new SegmentationObject(labels, frames, written, header);
    }

    /// <summary>Writes the Part 10 file. May be called again; the bytes are the same.</summary>
    public async Task WriteAsync(Stream output, CancellationToken cancellationToken = default)
    {
        await using var pixels = new PackedFrames(_labels, _frames);
        await DicomFile.WriteAsync(Header, DicomVR.OB, pixels.Length, pixels, output, cancellationToken).ConfigureAwait(false);
    }

    private static void RequireFit(SourceSeries source, Labelmap labels, IReadOnlyList<SegmentDescription> segments)
    {
        if (labels.Slices != source.Slices.Count) throw new DerivedObjectException($"The segmentation has {labels.Slices} slices and names {source.Slices.Count} source images.");
        if (labels.Rows != source.Rows || labels.Columns != source.Columns) throw new DerivedObjectException($"The segmentation's slices are {labels.Rows} × {labels.Columns}, the source images {source.Rows} × {source.Columns}.");
        if (segments.Count is < 1 or > ushort.MaxValue) throw new DerivedObjectException("A segmentation has 1 to 65535 segments.");
        if (segments.Any(x => x.Label is < 1 or > ushort.MaxValue)) throw new DerivedObjectException("Segment numbers are 1 to 65535.");
        if (segments.DistinctBy(x => x.Label).Count() != segments.Count) throw new DerivedObjectException("Two segments have the same number.");
        if (segments.Any(x => AlgorithmDescription.LongString(x.Name).Length == 0)) throw new DerivedObjectException("A segment has no label.");
    }

    private static List<SegmentFrame> Frames(SourceSeries source, SegmentDescription[] segments, int[][] counts)
    {
        var slices = Enumerable.Range(0, counts.Length);
        int[] order = source.SliceDepths is { } depths ? [.. slices.OrderBy(x => depths[x]).ThenBy(x => x)] : [.. slices];
        var frames = new List<SegmentFrame>();
        for (var segment = 0; segment < segments.Length; segment++)
        {
            foreach (var slice in order)
            {
                if (counts[slice][segment] > 0) frames.Add(new SegmentFrame(segment + 1, segments[segment].Label, slice));
            }
        }

        if (frames.Count == 0) frames.Add(new SegmentFrame(1, segments[0].Label, order[0]));
        return frames;
    }

    private static WrittenSegment[] Summarise(SourceSeries source, SegmentDescription[] segments, int[][] counts)
    {
        var volumes = source.VoxelVolumes();
        var written = new WrittenSegment[segments.Length];
        for (var i = 0; i < written.Length; i++)
        {
            var voxels = 0L;
            var cubicMillimetres = 0.0;
            for (var slice = 0; slice < counts.Length; slice++)
            {
                voxels += counts[slice][i];
                cubicMillimetres += counts[slice][i] * (volumes?[slice] ?? 0);
            }

            written[i] = new WrittenSegment(i + 1, segments[i], voxels, volumes is null ? null : cubicMillimetres / 1000);
        }

        return written;
    }
}
