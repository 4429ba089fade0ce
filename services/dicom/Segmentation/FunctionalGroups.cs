using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>
/// Shared and per-frame functional groups (PS3.3 §C.7.6.16) and the dimensions (§C.7.6.17) of a segmentation: first segment,
/// then place. Without geometry the place is the position in the stack. What all frames have alike is shared.
/// </summary>
internal sealed class FunctionalGroups
{
    private readonly SourceSeries _source;
    private readonly IReadOnlyList<SegmentFrame> _frames;
    private readonly bool _sharedOrientation, _sharedMeasures;
    private readonly double? _spacing;
    private readonly Dictionary<int, int> _placeOfSlice;

    /// <param name="frames">In the order they are written.</param>
    public FunctionalGroups(SourceSeries source, IReadOnlyList<SegmentFrame> frames)
    {
        (_source, _frames) = (source, frames);
        _spacing = source.SpacingBetweenSlices;
        _sharedOrientation = AllAlike(x => x.Orientation);
        _sharedMeasures = AllAlike(x => x.PixelSpacing) && AllAlike(x => x.SliceThickness);
        _placeOfSlice = Places();
    }

    public void AddTo(DicomDataset dataset, string dimensionOrganizationUid)
    {
        var place = _source.HasGeometry
            ? (Pointer: DicomTags.ImagePositionPatient, Group: DicomTags.PlanePositionSequence, Label: "Image Position")
            : (Pointer: DicomTags.InStackPositionNumber, Group: DicomTags.FrameContentSequence, Label: "In-Stack Position");
        dataset
            .SetItems(DicomTags.DimensionOrganizationSequence, new DicomDataset().Set(DicomTags.DimensionOrganizationUID, dimensionOrganizationUid))
            .SetItems(
                DicomTags.DimensionIndexSequence,
                Index(DicomTags.ReferencedSegmentNumber, DicomTags.SegmentIdentificationSequence, "Segment", dimensionOrganizationUid),
                Index(place.Pointer, place.Group, place.Label, dimensionOrganizationUid))
            .SetItems(DicomTags.SharedFunctionalGroupsSequence, Shared())
            .SetItems(DicomTags.PerFrameFunctionalGroupsSequence, [.. _frames.Select(PerFrame)]);
    }

    private DicomDataset Shared()
    {
        var shared = new DicomDataset();
        if (!_source.HasGeometry) return shared;
        if (_sharedMeasures) AddMeasures(shared, _source.Slices[0]);
        if (_sharedOrientation) AddOrientation(shared, _source.Slices[0]);
        return shared;
    }

    private DicomDataset PerFrame(SegmentFrame frame)
    {
        var slice = _source.Slices[frame.Slice];
        var place = _placeOfSlice[frame.Slice];
        var content = new DicomDataset().Set(DicomTags.DimensionIndexValues, frame.Segment, place);
        if (!_source.HasGeometry) content.Set(DicomTags.StackID, "1").Set(DicomTags.InStackPositionNumber, (double)place);

        var groups = new DicomDataset()
            .SetItems(DicomTags.DerivationImageSequence, new DicomDataset()
                .SetItems(DicomTags.SourceImageSequence, slice.ToSourceImage())
                .SetItems(DicomTags.DerivationCodeSequence, CodedConcept.SegmentationDerivation.ToItem()))
            .SetItems(DicomTags.FrameContentSequence, content)
            .SetItems(DicomTags.SegmentIdentificationSequence, new DicomDataset().Set(DicomTags.ReferencedSegmentNumber, (double)frame.Segment));
        if (!_source.HasGeometry) return groups;
        groups.SetItems(DicomTags.PlanePositionSequence, new DicomDataset().Set(slice.Position!));
        if (!_sharedMeasures) AddMeasures(groups, slice);
        if (!_sharedOrientation) AddOrientation(groups, slice);
        return groups;
    }

    private static void AddOrientation(DicomDataset groups, SourceSlice slice) =>
        groups.SetItems(DicomTags.PlaneOrientationSequence, new DicomDataset().Set(slice.Orientation!));

    private void AddMeasures(DicomDataset groups, SourceSlice slice)
    {
        var measures = new DicomDataset().Set(slice.PixelSpacing!);
        if (slice.SliceThickness is { } thickness) measures.Set(thickness);
        else if (_spacing is { } known) measures.Set(DicomTags.SliceThickness, known);
        if (_spacing is { } between) measures.Set(DicomTags.SpacingBetweenSlices, between);
        groups.SetItems(DicomTags.PixelMeasuresSequence, measures);
    }

    /// <summary>Index values count the places that occur, from 1 along the slice normal.</summary>
    private Dictionary<int, int> Places()
    {
        var places = new Dictionary<int, int>();
        var depths = _source.SliceDepths;
        var slices = _frames.Select(x => x.Slice).Distinct();
        var ordered = depths is null ? slices.Order() : slices.OrderBy(x => depths[x]).ThenBy(x => x);
        foreach (var slice in ordered) places[slice] = places.Count + 1;
        return places;
    }

    private bool AllAlike(Func<SourceSlice, DicomElement?> element)
    {
        var first = element(_source.Slices[0]);
        return _source.Slices.All(x => Alike(first, element(x)));
    }

    private static bool Alike(DicomElement? left, DicomElement? right) =>
        left is null || right is null ? left is null && right is null : left.Numbers.SequenceEqual(right.Numbers);

    private static DicomDataset Index(DicomTag pointer, DicomTag group, string label, string organization) => new DicomDataset()
        .Set(DicomTags.DimensionOrganizationUID, organization)
        .SetTags(DicomTags.DimensionIndexPointer, pointer)
        .SetTags(DicomTags.FunctionalGroupPointer, group)
        .Set(DicomTags.DimensionDescriptionLabel, label);
}
