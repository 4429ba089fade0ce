using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>Unique identifiers: validation, new ones, and the registry of PS3.6 annex A.</summary>
public static class DicomUid
{
    private static readonly SearchValues<char> Allowed = SearchValues.Create("0123456789.");
    private static readonly Lazy<FrozenDictionary<string, RegisteredUid>> Registry = new(Load);

    /// <summary>Every UID of PS3.6 annex A.</summary>
    public static IReadOnlyCollection<RegisteredUid> Registered => Registry.Value.Values;

    /// <summary>The registered name of a UID of the standard, or null.</summary>
    public static string? NameOf(string uid) => Registry.Value.GetValueOrDefault(uid)?.Name;

    /// <summary>1 to 64 digits and dots (PS3.5 §9.1). Leading zeros of a component, seen in the wild, are let pass.</summary>
    public static bool IsValid(ReadOnlySpan<char> uid) =>
        uid.Length is > 0 and <= 64 && !uid.ContainsAnyExcept(Allowed) && uid[0] != '.' && uid[^1] != '.' && !uid.Contains("..", StringComparison.Ordinal);

    /// <summary>A new UID under 2.25 from a random UUID (PS3.5 annex B.2).</summary>
    public static string Create() => FromGuid(Guid.NewGuid());

    /// <summary>The UID of a UUID: the same UUID gives the same UID, so that a repeated job makes the same object.</summary>
    public static string FromGuid(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return "2.25." + BinaryPrimitives.ReadUInt128BigEndian(bytes).ToString(CultureInfo.InvariantCulture);
    }

    private static FrozenDictionary<string, RegisteredUid> Load()
    {
        using var reader = new StreamReader(typeof(DicomUid).Assembly.GetManifestResourceStream("uids.tsv")!, Encoding.UTF8);
        var uids = new Dictionary<string, RegisteredUid>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split('\t');
            uids[fields[0]] = new RegisteredUid(fields[0], fields[1], fields[2], fields[3] == "R");
        }

        return uids.ToFrozenDictionary(StringComparer.Ordinal);
    }
}

/// <summary>A UID of the standard.</summary>
/// <param name="Type">"Transfer Syntax", "SOP Class", … as PS3.6 table A-1 has it.</param>
public sealed record RegisteredUid(string Uid, string Type, string Name, bool IsRetired);

/// <summary>SOP classes the mesh itself makes or treats apart (PS3.4 annex B.5). Names of all others: <see cref="DicomUid.NameOf"/>.</summary>
public static class SopClasses
{
    public const string ComputedRadiographyImageStorage = "1.2.840.10008.5.1.4.1.1.1";
    public const string CTImageStorage = "1.2.840.10008.5.1.4.1.1.2";
    public const string EnhancedCTImageStorage = "1.2.840.10008.5.1.4.1.1.2.1";
    public const string UltrasoundImageStorage = "1.2.840.10008.5.1.4.1.1.6.1";
    public const string UltrasoundMultiFrameImageStorage = "1.2.840.10008.5.1.4.1.1.3.1";
    public const string MRImageStorage = "1.2.840.10008.5.1.4.1.1.4";
    public const string EnhancedMRImageStorage = "1.2.840.10008.5.1.4.1.1.4.1";
    public const string SecondaryCaptureImageStorage = "1.2.840.10008.5.1.4.1.1.7";
    public const string PositronEmissionTomographyImageStorage = "1.2.840.10008.5.1.4.1.1.128";
    public const string SegmentationStorage = "1.2.840.10008.5.1.4.1.1.66.4";
    public const string ParametricMapStorage = "1.2.840.10008.5.1.4.1.1.30";
    public const string SpatialRegistrationStorage = "1.2.840.10008.5.1.4.1.1.66.1";
    public const string GrayscaleSoftcopyPresentationStateStorage = "1.2.840.10008.5.1.4.1.1.11.1";
    public const string BasicTextSRStorage = "1.2.840.10008.5.1.4.1.1.88.11";
    public const string EnhancedSRStorage = "1.2.840.10008.5.1.4.1.1.88.22";
    public const string ComprehensiveSRStorage = "1.2.840.10008.5.1.4.1.1.88.33";
    public const string Comprehensive3DSRStorage = "1.2.840.10008.5.1.4.1.1.88.34";
    public const string RTDoseStorage = "1.2.840.10008.5.1.4.1.1.481.2";
    public const string RTStructureSetStorage = "1.2.840.10008.5.1.4.1.1.481.3";
    public const string RTPlanStorage = "1.2.840.10008.5.1.4.1.1.481.5";
    public const string EncapsulatedPdfStorage = "1.2.840.10008.5.1.4.1.1.104.1";
}
