namespace MedCloudCare.Dicom.Derived;

/// <summary>
/// One source image: a single-frame instance, or a frame of a multi-frame one. Geometry elements are kept as the source
/// encodes them, so that what is written equals the source digit for digit.
/// </summary>
public sealed class SourceSlice
{
    private SourceSlice(DicomDataset header, int? frame) => (Header, Frame) = (header, frame);

    /// <summary>The header of the instance.</summary>
    public DicomDataset Header { get; }

    /// <summary>From 1; null for instances of one frame without functional groups.</summary>
    public int? Frame { get; }

    public string SopClassUid { get; private init; } = "";

    public string SopInstanceUid { get; private init; } = "";

    /// <summary>Image Position (Patient): x, y, z of the first voxel's centre in mm; null when absent or malformed.</summary>
    public DicomElement? Position { get; private init; }

    /// <summary>Image Orientation (Patient): direction cosines of rows and columns; null when absent or malformed.</summary>
    public DicomElement? Orientation { get; private init; }

    /// <summary>Pixel Spacing: between rows, between columns, in mm; null when absent or malformed.</summary>
    public DicomElement? PixelSpacing { get; private init; }

    /// <summary>Slice Thickness in mm; null when absent.</summary>
    public DicomElement? SliceThickness { get; private init; }

    public bool HasGeometry => Position is not null && Orientation is not null && PixelSpacing is not null;

    /// <summary>Reads a slice from its instance's header; <paramref name="frame"/> counts from 1.</summary>
    /// <exception cref="DerivedObjectException">The header lacks its UIDs, or has no such frame.</exception>
    public static SourceSlice Create(DicomDataset header, int frame)
    {
        var frames = header.GetInt(DicomTags.NumberOfFrames) ?? 1;
        if (frame < 1 || frame > frames) throw new DerivedObjectException($"Frame {frame} does not exist in its source instance of {frames}.");
        var perFrame = header.GetItems(DicomTags.PerFrameFunctionalGroupsSequence);
        var own = frame <= perFrame.Count ? perFrame[frame - 1] : null;
        var shared = header.GetItem(DicomTags.SharedFunctionalGroupsSequence);
        var isMultiFrame = header.Contains(DicomTags.NumberOfFrames) && (frames > 1 || shared is not null);

        DicomElement? Find(DicomTag group, DicomTag tag) =>
            (own?.GetItem(group) ?? shared?.GetItem(group))?.Find(tag) ?? (frames == 1 || own is null ? header.Find(tag) : null);

        return new SourceSlice(header, isMultiFrame ? frame : null)
        {
            SopClassUid = Uid(header, DicomTags.SOPClassUID),
            SopInstanceUid = Uid(header, DicomTags.SOPInstanceUID),
            Position = Valid(Find(DicomTags.PlanePositionSequence, DicomTags.ImagePositionPatient), 3),
            Orientation = ValidOrientation(Find(DicomTags.PlaneOrientationSequence, DicomTags.ImageOrientationPatient)),
            PixelSpacing = ValidSpacing(Find(DicomTags.PixelMeasuresSequence, DicomTags.PixelSpacing)),
            SliceThickness = Valid(Find(DicomTags.PixelMeasuresSequence, DicomTags.SliceThickness), 1),
        };
    }

    /// <summary>The item of a sequence that references this image (PS3.3 §10.3, image SOP instance reference macro).</summary>
    public DicomDataset ToReference()
    {
        var item = new DicomDataset().Set(DicomTags.ReferencedSOPClassUID, SopClassUid).Set(DicomTags.ReferencedSOPInstanceUID, SopInstanceUid);
        return Frame is { } frame ? item.Set(DicomTags.ReferencedFrameNumber, (double)frame) : item;
    }

    /// <summary>Source Image Sequence item: the reference and its purpose.</summary>
    public DicomDataset ToSourceImage() => ToReference()
        .Set(DicomTags.SpatialLocationsPreserved, "YES")
        .SetItems(DicomTags.PurposeOfReferenceCodeSequence, CodedConcept.SourceImageForProcessing.ToItem());

    private static string Uid(DicomDataset header, DicomTag tag) => header.GetString(tag) is { } uid && DicomUid.IsValid(uid)
        ? uid
        : throw new DerivedObjectException($"A source instance has no valid {tag}.");

    private static DicomElement? Valid(DicomElement? element, int count) =>
        element is { Numbers: var numbers } && numbers.Count == count && numbers.All(double.IsFinite) ? element : null;

    private static DicomElement? ValidSpacing(DicomElement? element) =>
        Valid(element, 2) is { } spacing && spacing.Numbers.All(x => x > 0) ? spacing : null;

    private static DicomElement? ValidOrientation(DicomElement? element) =>
        Valid(element, 6) is { } orientation && Vector3D.Normal(orientation.Numbers).Length > 0.5 ? orientation : null;
}
