using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Privacy;

/// <summary>A patient with a value of their own in every attribute that says who they are, who treated them, where, when and for what.</summary>
internal sealed class IdentifyingPatient
{
    private readonly Dictionary<DicomTag, string> values = [];

    public IdentifyingPatient()
    {
        var token = Guid.NewGuid().ToString("n");
        string Word(string start, int at) => start + token[at..(at + 6)];
        values[DicomTags.PatientName] = $"{Word("Müller", 0)}^{Word("Zoë", 6)}";
        values[DicomTags.PatientID] = Word("PID", 1);
        values[DicomTags.IssuerOfPatientID] = Word("Issuer", 2);
        values[DicomTags.OtherPatientNames] = $"{Word("Geb", 3)}^Zoë";
        values[DicomTags.PatientBirthDate] = "18470611";
        values[DicomTags.PatientAddress] = Word("Gasse ", 4);
        values[DicomTags.PatientComments] = Word("Kommentar ", 5);
        values[DicomTags.Occupation] = Word("Baker", 7);
        values[DicomTags.ReferringPhysicianName] = $"{Word("Ref", 8)}^Rita";
        values[DicomTags.PerformingPhysicianName] = $"{Word("Perf", 9)}^Paul";
        values[DicomTags.OperatorsName] = $"{Word("Oper", 10)}^Olga";
        values[DicomTags.InstitutionName] = Word("Spital ", 11);
        values[DicomTags.InstitutionAddress] = Word("Platz ", 12);
        values[DicomTags.StationName] = Word("STAT", 13);
        values[DicomTags.AccessionNumber] = Word("ACC", 14);
        values[DicomTags.StudyDate] = "18930417";
        values[DicomTags.SeriesDate] = "18930418";
        values[DicomTags.StudyTime] = "031427.918273";
        values[DicomTags.StudyDescription] = Word("Grund & Verlauf ", 15);
        values[DicomTags.SeriesDescription] = Word("Reihe ", 16);
        values[DicomTags.ProtocolName] = Word("Protokoll ", 17);
        values[DicomTags.StudyID] = Word("SID", 18);
        Token = token;
    }

    /// <summary>Tells this patient's private value.</summary>
    public string Token { get; }

    public IReadOnlyDictionary<DicomTag, string> Values => values;

    public string this[DicomTag tag] => values[tag];

    /// <summary>A series of this patient's: in the file, in a nested item and in a private attribute.</summary>
    public SyntheticSeries Series(int slices) => new(slices, change: dataset =>
    {
        foreach (var (tag, value) in values)
        {
            dataset.Set(tag, value);
        }

        dataset.SetItems(DicomTags.RequestAttributesSequence, new DicomDataset().Set(DicomTags.RequestedProcedureDescription, "Nested" + Token[..12]));
        dataset.Set(new DicomTag(0x0099, 0x0010), DicomVR.LO, "MEDCLOUDCARE TEST").Set(new DicomTag(0x0099, 0x1001), DicomVR.LO, "Private" + Token[12..24]);
    });

    /// <summary>All of it, to look for.</summary>
    public Needles Needles(SyntheticSeries series)
    {
        var needles = new Needles(series.Files[series.Files.Count / 2]);
        foreach (var (tag, value) in values)
        {
            needles.Add(tag.ToString(), value);
        }

        needles.Add("nested", "Nested" + Token[..12]);
        needles.Add("private", "Private" + Token[12..24]);
        return needles;
    }
}
