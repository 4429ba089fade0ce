namespace MedCloudCare.Dicom.Derived;

/// <summary>The modules that every derived object has: who the patient is, which study, which equipment and algorithm (PS3.3 §C.7).</summary>
internal static class CommonModules
{
    private static readonly DicomTag[] PatientAndStudy =
    [
        // Patient, PS3.3 §C.7.1.1
        DicomTags.IssuerOfPatientID, DicomTags.TypeOfPatientID, DicomTags.IssuerOfPatientIDQualifiersSequence, DicomTags.PatientBirthTime,
        DicomTags.OtherPatientIDsSequence, DicomTags.OtherPatientNames, DicomTags.EthnicGroup, DicomTags.PatientComments,
        DicomTags.PatientSpeciesDescription, DicomTags.PatientSpeciesCodeSequence, DicomTags.PatientBreedDescription,
        DicomTags.PatientBreedCodeSequence, DicomTags.BreedRegistrationSequence, DicomTags.ResponsiblePerson,
        DicomTags.ResponsiblePersonRole, DicomTags.ResponsibleOrganization, DicomTags.PatientIdentityRemoved,
        DicomTags.DeidentificationMethod, DicomTags.DeidentificationMethodCodeSequence, DicomTags.QualityControlSubject,
        // Clinical trial, §C.7.1.3 and §C.7.2.3
        DicomTags.ClinicalTrialSponsorName, DicomTags.ClinicalTrialProtocolID, DicomTags.ClinicalTrialProtocolName,
        DicomTags.ClinicalTrialSiteID, DicomTags.ClinicalTrialSiteName, DicomTags.ClinicalTrialSubjectID,
        DicomTags.ClinicalTrialSubjectReadingID, DicomTags.ClinicalTrialTimePointID, DicomTags.ClinicalTrialTimePointDescription,
        // General study, §C.7.2.1
        DicomTags.StudyInstanceUID, DicomTags.IssuerOfAccessionNumberSequence, DicomTags.StudyDescription,
        DicomTags.ReferringPhysicianIdentificationSequence, DicomTags.PhysiciansOfRecord, DicomTags.ConsultingPhysicianName,
        DicomTags.NameOfPhysiciansReadingStudy, DicomTags.ProcedureCodeSequence, DicomTags.ReferencedStudySequence,
        // Patient study, §C.7.2.2
        DicomTags.AdmittingDiagnosesDescription, DicomTags.AdmittingDiagnosesCodeSequence, DicomTags.PatientAge, DicomTags.PatientSize,
        DicomTags.PatientWeight, DicomTags.SmokingStatus, DicomTags.PregnancyStatus, DicomTags.LastMenstrualDate,
        DicomTags.PatientSexNeutered, DicomTags.MedicalAlerts, DicomTags.Allergies, DicomTags.Occupation,
        DicomTags.AdditionalPatientHistory, DicomTags.AdmissionID, DicomTags.PatientState,
        // General series, §C.7.3.1, and SOP common, §C.12.1: they say how the copied values are meant
        DicomTags.BodyPartExamined, DicomTags.Laterality, DicomTags.TimezoneOffsetFromUTC,
    ];

    private static readonly DicomTag[] RequiredMayBeEmpty =
    [
        DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex, DicomTags.StudyDate, DicomTags.StudyTime,
        DicomTags.ReferringPhysicianName, DicomTags.StudyID, DicomTags.AccessionNumber,
    ];

    /// <summary>Starts a data set with the source's patient and study and the new series.</summary>
    public static DicomDataset Start(DicomDataset source, DerivedSeriesIdentity identity, string modality)
    {
        var dataset = new DicomDataset();
        Copy(source, dataset, PatientAndStudy);
        foreach (var tag in RequiredMayBeEmpty) dataset.Set(Copyable(source, tag) ?? Empty(tag));

        var created = In(source, identity.Created);
        return dataset
            .Set(DicomTags.Modality, modality)
            .Set(DicomTags.SeriesInstanceUID, identity.SeriesInstanceUid)
            .Set(DicomTags.SeriesNumber, (double)identity.SeriesNumber)
            .Set(DicomTags.SeriesDescription, AlgorithmDescription.LongString(identity.SeriesDescription))
            .Set(DicomTags.SeriesDate, created).Set(DicomTags.SeriesTime, created)
            .Set(DicomTags.ContentDate, created).Set(DicomTags.ContentTime, created)
            .Set(DicomTags.InstanceCreationDate, created).Set(DicomTags.InstanceCreationTime, created);
    }

    /// <summary>Enhanced General Equipment (§C.7.5.2) names the model; Contributing Equipment (§C.12.1) the digest of what ran.</summary>
    public static DicomDataset AddEquipment(this DicomDataset dataset, DerivedSeriesIdentity identity)
    {
        var algorithm = identity.Algorithm;
        var contribution = new DicomDataset()
            .SetItems(DicomTags.PurposeOfReferenceCodeSequence, CodedConcept.ProcessingEquipment.ToItem())
            .Set(DicomTags.Manufacturer, AlgorithmDescription.Manufacturer)
            .Set(DicomTags.ManufacturerModelName, AlgorithmDescription.LongString(algorithm.Name))
            .Set(DicomTags.SoftwareVersions, AlgorithmDescription.LongString(algorithm.Version))
            .Set(DicomTags.ContributionDateTime, identity.Created)
            .Set(DicomTags.ContributionDescription, AlgorithmDescription.ShortText($"{algorithm.Source} {algorithm.Digest}"));
        return dataset
            .Set(DicomTags.Manufacturer, AlgorithmDescription.Manufacturer)
            .Set(DicomTags.ManufacturerModelName, AlgorithmDescription.LongString(algorithm.Name))
            .Set(DicomTags.DeviceSerialNumber, AlgorithmDescription.LongString(algorithm.Source))
            .Set(DicomTags.SoftwareVersions, AlgorithmDescription.LongString(algorithm.Version))
            .SetItems(DicomTags.ContributingEquipmentSequence, contribution);
    }

    /// <summary>Frame of Reference (§C.7.4.1).</summary>
    public static DicomDataset AddFrameOfReference(this DicomDataset dataset, DicomDataset source) => dataset
        .Set(DicomTags.FrameOfReferenceUID, source.GetString(DicomTags.FrameOfReferenceUID)!)
        .Set(Copyable(source, DicomTags.PositionReferenceIndicator) ?? Empty(DicomTags.PositionReferenceIndicator));

    /// <summary>Required of images without position (§C.7.6.1), and may be empty.</summary>
    public static DicomDataset AddPatientOrientation(this DicomDataset dataset, DicomDataset source) =>
        dataset.Set(Copyable(source, DicomTags.PatientOrientation) ?? Empty(DicomTags.PatientOrientation));

    public static DicomElement Empty(DicomTag tag) => new(tag, DicomDictionary.VROf(tag), ReadOnlyMemory<byte>.Empty);

    /// <summary>Once lossy, always lossy (§C.7.6.1.1.5).</summary>
    public static DicomDataset AddLossyCompression(this DicomDataset dataset, DicomDataset source)
    {
        dataset.Set(DicomTags.LossyImageCompression, "00");
        if (source.GetString(DicomTags.LossyImageCompression) != "01") return dataset;
        Copy(source, dataset, [DicomTags.LossyImageCompression, DicomTags.LossyImageCompressionRatio, DicomTags.LossyImageCompressionMethod]);
        return dataset;
    }

    /// <summary>Copies what the source has; values that were left in the file are not copied.</summary>
    public static void Copy(DicomDataset source, DicomDataset target, IEnumerable<DicomTag> tags)
    {
        foreach (var tag in tags)
        {
            if (Copyable(source, tag) is { } element) target.Set(element);
        }
    }

    private static DicomElement? Copyable(DicomDataset source, DicomTag tag) =>
        source.Find(tag) is { } element && !HasBulk(element) ? element : null;

    private static bool HasBulk(DicomElement element) => element.Bulk is not null || element.Items.Any(item => item.Any(HasBulk));

    /// <summary>Dates and times of a data set are in its own time zone; without one, in UTC.</summary>
    private static DateTimeOffset In(DicomDataset source, DateTimeOffset moment)
    {
        var offset = source.GetString(DicomTags.TimezoneOffsetFromUTC);
        if (offset is not { Length: 5 } || offset[0] is not ('+' or '-') || !int.TryParse(offset.AsSpan(1), out var digits)) return moment.ToUniversalTime();
        var minutes = ((digits / 100) * 60) + (digits % 100);
        return minutes > 14 * 60 ? moment.ToUniversalTime() : moment.ToOffset(TimeSpan.FromMinutes(offset[0] == '-' ? -minutes : minutes));
    }
}
