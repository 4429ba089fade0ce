namespace MedCloudCare.Dicom.Derived;

/// <summary>A coded concept (PS3.3 §8.8): code value, coding scheme designator (SCT, DCM, UCUM, 99…), meaning of at most 64 characters.</summary>
public sealed record CodedConcept(string Value, string Scheme, string Meaning)
{
    private const int MaxShortCode = 16;

    public static CodedConcept ArtificialIntelligence { get; } = new("123110", "DCM", "Artificial Intelligence");

    public static CodedConcept ProcessingEquipment { get; } = new("109102", "DCM", "Processing Equipment");

    public static CodedConcept SourceImageForProcessing { get; } = new("121322", "DCM", "Source image for image processing operation");

    public static CodedConcept SegmentationDerivation { get; } = new("113076", "DCM", "Segmentation");

    /// <summary>The item of a code sequence; a code of more than 16 characters is a Long Code Value (0008,0119).</summary>
    public DicomDataset ToItem() => new DicomDataset()
        .Set(Value.Length <= MaxShortCode ? DicomTags.CodeValue : DicomTags.LongCodeValue, Value)
        .Set(DicomTags.CodingSchemeDesignator, Scheme)
        .Set(DicomTags.CodeMeaning, Meaning);
}
