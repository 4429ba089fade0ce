using MedCloudCare.Dicom.Derived;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>Segment Sequence (PS3.3 §C.8.20.4) with the algorithm identification of §10.16.</summary>
internal static class SegmentItems
{
    public static DicomDataset Create(WrittenSegment segment, AlgorithmDescription algorithm)
    {
        var (description, name) = (segment.Description, AlgorithmDescription.LongString(algorithm.Name));
        var label = AlgorithmDescription.LongString(description.Name);
        return new DicomDataset()
            .Set(DicomTags.SegmentNumber, (double)segment.Number)
            .Set(DicomTags.SegmentLabel, label)
            .Set(DicomTags.SegmentAlgorithmType, "AUTOMATIC")
            .Set(DicomTags.SegmentAlgorithmName, name)
            .SetItems(DicomTags.SegmentationAlgorithmIdentificationSequence, Identification(algorithm, name))
            .SetItems(DicomTags.SegmentedPropertyCategoryCodeSequence, description.Category.ToItem())
            .SetItems(DicomTags.SegmentedPropertyTypeCodeSequence, description.Type.ToItem())
            .Set(DicomTags.RecommendedDisplayCIELabValue, CieLab.FromRgb(description.Rgb))
            .Set(DicomTags.TrackingID, label)
            .Set(DicomTags.TrackingUID, description.TrackingUid);
    }

    private static DicomDataset Identification(AlgorithmDescription algorithm, string name) => new DicomDataset()
        .SetItems(DicomTags.AlgorithmFamilyCodeSequence, CodedConcept.ArtificialIntelligence.ToItem())
        .Set(DicomTags.AlgorithmName, name)
        .Set(DicomTags.AlgorithmVersion, AlgorithmDescription.LongString(algorithm.Version))
        .Set(DicomTags.AlgorithmSource, AlgorithmDescription.LongString(algorithm.Source))
        .Set(DicomTags.AlgorithmParameters, AlgorithmDescription.ShortText($"digest {algorithm.Digest}"));
}
