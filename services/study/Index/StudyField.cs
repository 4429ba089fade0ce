using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>The attributes of a study that the index holds.</summary>
internal enum StudyField : byte
{
    StudyInstanceUid, PatientName, PatientId, PatientBirthDate, PatientSex, StudyDate, StudyTime, AccessionNumber,
    StudyDescription, ReferringPhysicianName, StudyId, ModalitiesInStudy, TimezoneOffsetFromUtc,
}

/// <summary>The attributes of <see cref="StudyField"/>.</summary>
internal static class StudyFields
{
    public const int Count = 13;

    private static readonly DicomTag[] Tags =
    [
        DicomTags.StudyInstanceUID, DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.StudyDescription,
        DicomTags.ReferringPhysicianName, DicomTags.StudyID, DicomTags.ModalitiesInStudy, DicomTags.TimezoneOffsetFromUTC,
    ];

    private static readonly DicomVR[] Representations = Array.ConvertAll(Tags, DicomDictionary.VROf);

    /// <summary>The attribute of a field.</summary>
    public static DicomTag TagOf(StudyField field) => Tags[(int)field];

    /// <summary>Its value representation in the standard.</summary>
    public static DicomVR VROf(StudyField field) => Representations[(int)field];

    /// <summary>Fields that are searched without regard to case, or sorted by.</summary>
    public static bool IsFolded(StudyField field) =>
        field is StudyField.PatientName or StudyField.ReferringPhysicianName or StudyField.PatientId or StudyField.StudyDescription;

    /// <summary>Fields of which single values, or few of them, are asked for.</summary>
    public static bool IsPosted(StudyField field) => IsFolded(field) || field is StudyField.StudyDate or StudyField.AccessionNumber;

    /// <summary>The field of an attribute; false if the index does not hold it.</summary>
    public static bool TryGet(DicomTag tag, out StudyField field)
    {
        int index = Array.IndexOf(Tags, tag);
        field = (StudyField)Math.Max(index, 0);
        return index >= 0;
    }
}
