using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>An instance of a few attributes, each study with its own UIDs; what a search or a store is tested with.</summary>
internal sealed record SmallInstance
{
    public string Study { get; init; } = SyntheticSeries.NewUid();

    public string Series { get; init; } = SyntheticSeries.NewUid();

    public string Instance { get; init; } = SyntheticSeries.NewUid();

    public string PatientName { get; init; } = "Doe^Jane";

    public string PatientId { get; init; } = "ID-" + Guid.NewGuid().ToString("n")[..8];

    public string StudyDate { get; init; } = "20240229";

    public string StudyTime { get; init; } = "101500";

    public string Modality { get; init; } = "MR";

    public string StudyDescription { get; init; } = "Head";

    public string SeriesDescription { get; init; } = "Axial";

    public string InstanceNumber { get; init; } = "1";

    public string SeriesNumber { get; init; } = "1";

    /// <summary>A text without meaning, to make other bytes under the same UIDs.</summary>
    public string Comment { get; init; } = "";

    public DicomDataset Dataset => new DicomDataset()
        .Set(DicomTags.SpecificCharacterSet, "ISO_IR 192")
        .Set(DicomTags.SOPClassUID, "1.2.840.10008.5.1.4.1.1.4").Set(DicomTags.SOPInstanceUID, Instance)
        .Set(DicomTags.StudyDate, StudyDate).Set(DicomTags.StudyTime, StudyTime)
        .Set(DicomTags.SeriesDate, StudyDate).Set(DicomTags.SeriesTime, StudyTime)
        .Set(DicomTags.AccessionNumber, "A-" + PatientId)
        .Set(DicomTags.Modality, Modality)
        .Set(DicomTags.ReferringPhysicianName, "Referrer^Rita")
        .Set(DicomTags.StudyDescription, StudyDescription).Set(DicomTags.SeriesDescription, SeriesDescription)
        .Set(DicomTags.PatientName, PatientName).Set(DicomTags.PatientID, PatientId)
        .Set(DicomTags.PatientBirthDate, "19700101").Set(DicomTags.PatientSex, "O")
        .Set(DicomTags.PatientComments, Comment)
        .Set(DicomTags.StudyInstanceUID, Study).Set(DicomTags.SeriesInstanceUID, Series)
        .Set(DicomTags.StudyID, "S1").Set(DicomTags.SeriesNumber, SeriesNumber).Set(DicomTags.InstanceNumber, InstanceNumber)
        .Set(DicomTags.Rows, 4d).Set(DicomTags.Columns, 4d).Set(DicomTags.BitsAllocated, 16d);

    public byte[] File => DicomFile.ToArray(Dataset);
}
