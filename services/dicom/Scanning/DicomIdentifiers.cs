namespace MedCloudCare.Dicom;

/// <summary>The UIDs that say what an instance is.</summary>
public sealed record DicomIdentifiers(string StudyInstanceUid, string SeriesInstanceUid, string SopInstanceUid, string SopClassUid)
{
    /// <summary>The identifiers of a data set of which the front has been read; null while one of them is missing or malformed.</summary>
    internal static DicomIdentifiers? TryRead(DicomDataset dataset)
    {
        // The last of them in tag order: cheap to look for again and again.
        return dataset.Contains(DicomTags.SeriesInstanceUID)
            && Read(dataset, DicomTags.StudyInstanceUID) is { } study && Read(dataset, DicomTags.SeriesInstanceUID) is { } series
            && Read(dataset, DicomTags.SOPInstanceUID) is { } instance && Read(dataset, DicomTags.SOPClassUID) is { } sopClass
            ? new DicomIdentifiers(study, series, instance, sopClass)
            : null;
    }

    private static string? Read(DicomDataset dataset, DicomTag tag) =>
        dataset.GetString(tag) is { } uid && DicomUid.IsValid(uid) ? uid : null;
}
