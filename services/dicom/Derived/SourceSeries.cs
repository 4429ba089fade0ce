namespace MedCloudCare.Dicom.Derived;

/// <summary>
/// The images of one series that a result lies on, in the result's slice order, with their common geometry. Any order,
/// orientation and spacing: each slice carries its own position.
/// </summary>
public sealed class SourceSeries
{
    // Positions are decimal strings of a few digits: a percent of the gap is rounding, more is another gap.
    private const double GapTolerance = 0.01;
    // Below this (mm) two positions are the same place.
    private const double SamePlace = 1e-4;

    private readonly double[]? _depths;

    private SourceSeries(IReadOnlyList<SourceSlice> slices, int rows, int columns)
    {
        (Slices, Rows, Columns) = (slices, rows, columns);
        HasGeometry = First.GetString(DicomTags.FrameOfReferenceUID) is not null && slices.All(x => x.HasGeometry && SameFrame(x));
        if (!HasGeometry) return;
        _depths = Depths(slices);
        IsParallel = slices.All(x => x.Orientation!.Numbers.SequenceEqual(slices[0].Orientation!.Numbers));
    }

    public IReadOnlyList<SourceSlice> Slices { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>The header whose patient, study and equipment attributes stand for the series.</summary>
    public DicomDataset First => Slices[0].Header;

    /// <summary>All slices have position, orientation and spacing in one frame of reference.</summary>
    public bool HasGeometry { get; }

    /// <summary>All slices have the same orientation.</summary>
    public bool IsParallel { get; }

    /// <summary>Distance of each slice along the first slice's normal, in mm; null without geometry.</summary>
    public IReadOnlyList<double>? SliceDepths => _depths;

    /// <summary>The common distance between neighbouring slices in mm, or null when it varies, is unknown or there is one slice.</summary>
    public double? SpacingBetweenSlices => CommonSpacing();

    /// <summary>Looks up the slices of a result among the headers of a series.</summary>
    /// <param name="headers">By SOP Instance UID.</param>
    /// <param name="order">SOP Instance UID and frame (from 1) of each slice.</param>
    /// <exception cref="DerivedObjectException">An image does not exist, comes twice, or differs in size, study or series.</exception>
    public static SourceSeries Create(IReadOnlyDictionary<string, DicomDataset> headers, IReadOnlyList<(string SopInstanceUid, int Frame)> order)
    {
        if (order.Count == 0) throw new DerivedObjectException("The result names no source image.");
        var seen = new HashSet<(string, int)>(order.Count);
        var slices = new List<SourceSlice>(order.Count);
        foreach (var (uid, frame) in order)
        {
            if (!headers.TryGetValue(uid, out var header)) throw new DerivedObjectException($"Slice {slices.Count} names an instance that is not in the series.");
            if (!seen.Add((uid, frame))) throw new DerivedObjectException($"Slice {slices.Count} names the same image as another one.");
            slices.Add(SourceSlice.Create(header, frame));
        }

        var first = slices[0].Header;
        int rows = first.GetInt(DicomTags.Rows) ?? 0, columns = first.GetInt(DicomTags.Columns) ?? 0;
        if (rows < 1 || columns < 1) throw new DerivedObjectException("The source images have no rows and columns.");
        foreach (var header in slices.Select(x => x.Header).Distinct())
        {
            if (header.GetInt(DicomTags.Rows) != rows || header.GetInt(DicomTags.Columns) != columns) throw new DerivedObjectException("The source images differ in size.");
            RequireSame(first, header, DicomTags.StudyInstanceUID);
            RequireSame(first, header, DicomTags.SeriesInstanceUID);
        }

        return new SourceSeries(slices, rows, columns);
    }

    /// <summary>
    /// Volume of a voxel of each slice in mm³: pixel area times the slice's share of the stack, half the way to each neighbour.
    /// Null without geometry, or for a single slice of unknown thickness.
    /// </summary>
    public IReadOnlyList<double>? VoxelVolumes()
    {
        if (_depths is null) return null;
        var places = DistinctPlaces();
        var volumes = new double[Slices.Count];
        for (var i = 0; i < volumes.Length; i++)
        {
            if (Thickness(places, _depths[i], Slices[i]) is not { } thickness) return null;
            var spacing = Slices[i].PixelSpacing!.Numbers;
            volumes[i] = spacing[0] * spacing[1] * thickness;
        }

        return volumes;
    }

    private double? CommonSpacing()
    {
        if (!IsParallel) return null;
        var places = DistinctPlaces();
        if (places.Count < 2) return null;
        var mean = (places[^1] - places[0]) / (places.Count - 1);
        for (var i = 1; i < places.Count; i++)
        {
            if (Math.Abs(places[i] - places[i - 1] - mean) > mean * GapTolerance) return null;
        }

        return Math.Round(mean, 6);
    }

    private List<double> DistinctPlaces()
    {
        var places = new List<double>(_depths!.Length);
        foreach (var depth in _depths.Order())
        {
            if (places.Count == 0 || depth - places[^1] > SamePlace) places.Add(depth);
        }

        return places;
    }

    private double? Thickness(List<double> places, double depth, SourceSlice slice)
    {
        if (!IsParallel || places.Count < 2) return slice.SliceThickness?.Numbers[0] is > 0 and var thickness ? thickness : null;
        var index = places.BinarySearch(depth);
        if (index < 0) index = Math.Max(0, ~index - 1);
        var before = index > 0 ? places[index] - places[index - 1] : places[1] - places[0];
        var after = index < places.Count - 1 ? places[index + 1] - places[index] : places[^1] - places[^2];
        return (before + after) / 2;
    }

    private bool SameFrame(SourceSlice slice) =>
        slice.Header.GetString(DicomTags.FrameOfReferenceUID) == First.GetString(DicomTags.FrameOfReferenceUID);

    private static double[] Depths(IReadOnlyList<SourceSlice> slices)
    {
        var normal = Vector3D.Normal(slices[0].Orientation!.Numbers);
        return [.. slices.Select(x => Vector3D.From(x.Position!.Numbers).Dot(normal) / normal.Length)];
    }

    private static void RequireSame(DicomDataset first, DicomDataset other, DicomTag tag)
    {
        if (first.GetString(tag) is not { } uid || uid != other.GetString(tag)) throw new DerivedObjectException($"The source images differ in {tag}.");
    }
}
