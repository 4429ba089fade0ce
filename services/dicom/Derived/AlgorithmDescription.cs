namespace MedCloudCare.Dicom.Derived;

/// <summary>The model that made an object, as it is recorded in the object.</summary>
/// <param name="Name">The model's display name.</param>
/// <param name="Version">The number of its version.</param>
/// <param name="Source">The resource name of the version: models/{uuid}/versions/{number}.</param>
/// <param name="Digest">The digest of its package or image: sha256:….</param>
public sealed record AlgorithmDescription(string Name, string Version, string Source, string Digest)
{
    public const string Manufacturer = "MedCloudCare";

    /// <summary>LO (PS3.5 §6.2): at most 64 characters, no backslash, no control characters.</summary>
    internal static string LongString(string text) => Clean(text, 64);

    internal static string ShortText(string text) => Clean(text, 1024);

    /// <summary>Text without control characters and backslashes, cut to a length.</summary>
    public static string Clean(string text, int limit)
    {
        var characters = text.Trim().Select(x => char.IsControl(x) || x == '\\' ? ' ' : x).Take(limit).ToArray();
        if (characters.Length == limit && char.IsHighSurrogate(characters[^1])) characters[^1] = ' ';
        return new string(characters).Trim();
    }
}

/// <summary>
/// What identifies a derived series. All of it comes from the caller, so that a repeated job writes the same bytes.
/// </summary>
/// <param name="SeriesInstanceUid">UID of the new series.</param>
/// <param name="SeriesNumber">Series Number (0020,0011).</param>
/// <param name="SeriesDescription">Series Description (0008,103E).</param>
/// <param name="Created">The moment that is recorded as creation, content and series time.</param>
/// <param name="Algorithm">Who made it.</param>
public sealed record DerivedSeriesIdentity(
    string SeriesInstanceUid, int SeriesNumber, string SeriesDescription, DateTimeOffset Created, AlgorithmDescription Algorithm);

/// <summary>A result that cannot be made into an object of its source series. The message holds no patient data.</summary>
public sealed class DerivedObjectException(string message) : Exception(message);
