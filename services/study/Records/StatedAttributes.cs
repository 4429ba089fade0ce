using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// The attributes of patient, study and series that an instance states. The first instance of a study (of a series) that is
/// stored decides; the others keep theirs in their own metadata.
/// </summary>
internal sealed record StatedAttributes(DicomDataset Study, DicomDataset Series, string Modality)
{
    /// <summary>Patient and study modules (PS3.3 §C.7.1, §C.7.2) as far as QIDO-RS and people look for them.</summary>
    private static readonly DicomTag[] StudyTags =
    [
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.IssuerOfAccessionNumberSequence,
        DicomTags.ReferringPhysicianName, DicomTags.TimezoneOffsetFromUTC, DicomTags.StudyDescription,
        DicomTags.ProcedureCodeSequence, DicomTags.NameOfPhysiciansReadingStudy, DicomTags.AdmittingDiagnosesDescription,
        DicomTags.PatientName, DicomTags.PatientID, DicomTags.IssuerOfPatientID, DicomTags.PatientBirthDate,
        DicomTags.PatientBirthTime, DicomTags.PatientSex, DicomTags.OtherPatientIDsSequence, DicomTags.OtherPatientNames,
        DicomTags.PatientAge, DicomTags.PatientSize, DicomTags.PatientWeight, DicomTags.EthnicGroup, DicomTags.Occupation,
        DicomTags.PatientComments, DicomTags.StudyInstanceUID, DicomTags.StudyID,
    ];

    /// <summary>General series and equipment modules (PS3.3 §C.7.3.1, §C.7.5.1).</summary>
    private static readonly DicomTag[] SeriesTags =
    [
        DicomTags.SeriesDate, DicomTags.SeriesTime, DicomTags.Modality, DicomTags.Manufacturer, DicomTags.InstitutionName,
        DicomTags.InstitutionAddress, DicomTags.StationName, DicomTags.TimezoneOffsetFromUTC, DicomTags.SeriesDescription,
        DicomTags.SeriesDescriptionCodeSequence, DicomTags.InstitutionalDepartmentName, DicomTags.PerformingPhysicianName,
        DicomTags.OperatorsName, DicomTags.ManufacturerModelName, DicomTags.BodyPartExamined, DicomTags.ProtocolName,
        DicomTags.DeviceSerialNumber, DicomTags.SoftwareVersions, DicomTags.PatientPosition, DicomTags.SeriesInstanceUID,
        DicomTags.SeriesNumber, DicomTags.Laterality, DicomTags.FrameOfReferenceUID, DicomTags.PositionReferenceIndicator,
        DicomTags.PerformedProcedureStepStartDate, DicomTags.PerformedProcedureStepStartTime,
        DicomTags.PerformedProcedureStepID, DicomTags.PerformedProcedureStepDescription, DicomTags.RequestAttributesSequence,
        DicomTags.CommentsOnThePerformedProcedureStep,
    ];

    private static readonly HashSet<DicomTag> StudyLevel = [.. StudyTags, DicomTags.ModalitiesInStudy, DicomTags.SOPClassesInStudy];

    private static readonly HashSet<DicomTag> SeriesLevel = [.. SeriesTags];

    /// <summary>Whether an attribute is kept with the study.</summary>
    public static bool IsOfStudy(DicomTag tag) => StudyLevel.Contains(tag);

    /// <summary>Whether an attribute is kept with the series.</summary>
    public static bool IsOfSeries(DicomTag tag) => SeriesLevel.Contains(tag);

    public static StatedAttributes Of(DicomDataset dataset) => new(
        Pick(dataset, StudyTags), Pick(dataset, SeriesTags), dataset.GetString(DicomTags.Modality) ?? "");

    private static DicomDataset Pick(DicomDataset dataset, DicomTag[] tags)
    {
        DicomDataset picked = new();
        foreach (DicomTag tag in tags)
        {
            if (dataset.TryGet(tag, out DicomElement? element) && element.Bulk is null)
            {
                picked.Set(element);
            }
        }

        return picked;
    }
}
