using MedCloudCare.Dicom;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>Whom an instance or a study names as its patient.</summary>
internal readonly record struct PatientIdentity(string Id, string Issuer, string Name)
{
    public static PatientIdentity Of(DicomDataset dataset) => new(
        dataset.GetString(DicomTags.PatientID) ?? "",
        dataset.GetString(DicomTags.IssuerOfPatientID) ?? "",
        Comparable(dataset.GetString(DicomTags.PatientName) ?? ""));

    /// <summary>What to tell of an instance of this patient in a study of that one; null where they agree.</summary>
    public InstanceWarning? DifferenceFrom(PatientIdentity study)
    {
        if (Id != study.Id || Issuer != study.Issuer)
        {
            return InstanceWarning.PatientDiffers;
        }

        return Name != study.Name ? InstanceWarning.PatientNameDiffers : null;
    }

    /// <summary>Case and trailing empty components and groups say nothing (PS3.5 §6.2.1).</summary>
    private static string Comparable(string name) =>
        string.Join('=', name.Split('=').Select(g => g.TrimEnd('^', ' '))).TrimEnd('=').ToUpperInvariant();
}
