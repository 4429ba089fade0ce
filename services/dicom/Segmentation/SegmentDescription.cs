using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>A segment as the model declares it.</summary>
/// <param name="Label">Its number in the labelmap, 1 to 65535.</param>
/// <param name="Name">Segment Label (0062,0005).</param>
/// <param name="Rgb">0xRRGGBB, sRGB.</param>
/// <param name="Category">Segmented Property Category, CID 7150.</param>
/// <param name="Type">Segmented Property Type, CID 7151.</param>
/// <param name="TrackingUid">Tracking UID (0062,0021): this finding, here and in objects derived from it.</param>
public sealed record SegmentDescription(int Label, string Name, uint Rgb, CodedConcept Category, CodedConcept Type, string TrackingUid);

/// <summary>A segment as it was written.</summary>
/// <param name="Number">Segment Number (0062,0004): from 1 without gaps, in the order of the labels.</param>
/// <param name="Description">What the model declared.</param>
/// <param name="Voxels">How many voxels it has; 0 where nothing was found.</param>
/// <param name="VolumeMl">Its volume in millilitres; null where the source has no geometry.</param>
public sealed record WrittenSegment(int Number, SegmentDescription Description, long Voxels, double? VolumeMl);
