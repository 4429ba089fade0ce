using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.Dimse.Negotiation;

/// <summary>Which SOP classes the door takes.</summary>
internal static class StorageClasses
{
    /// <summary>C-ECHO (PS3.4 annex A).</summary>
    public const string Verification = "1.2.840.10008.1.1";

    private const string DicomRoot = "1.2.840.10008.", StorageRoot = "1.2.840.10008.5.1.4.1.1.";

    // Some services stand under the root of the storage classes.
    private static readonly string[] Services = ["FIND", "MOVE", "GET", "Management", "SOP Class"];

    // Named like storage classes; nothing of them is sent by C-STORE.
    private static readonly string[] Excluded = ["Media Storage Directory Storage", "Stored Print Storage SOP Class"];

    /// <summary>
    /// Whether instances of a SOP class can be stored: the storage classes of PS3.4 annex B.5 with the retired ones, the
    /// non-patient objects (annex GG), classes of the storage root that are newer than our registry, and private ones.
    /// </summary>
    public static bool Contains(string sopClass)
    {
        if (!sopClass.StartsWith(DicomRoot, StringComparison.Ordinal)) return true;
        var name = DicomUid.NameOf(sopClass);
        return sopClass.StartsWith(StorageRoot, StringComparison.Ordinal)
            ? name is null || !Array.Exists(Services, s => name.EndsWith(s, StringComparison.Ordinal))
            : name is not null && !Excluded.Contains(name) && IsStorage(name);
    }

    private static bool IsStorage(string name) =>
        name.EndsWith(" Storage", StringComparison.Ordinal)
        || name.EndsWith(" Storage SOP Class", StringComparison.Ordinal)
        || name.Contains(" Storage - ", StringComparison.Ordinal);
}
