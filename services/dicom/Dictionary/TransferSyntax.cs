using System.Collections.Frozen;

namespace MedCloudCare.Dicom;

/// <summary>How a data set and its pixels are encoded (PS3.5 §10, annex A). Names and UIDs are those of PS3.6 table A-1, retired ones included.</summary>
public sealed record TransferSyntax
{
    private const string Root = "1.2.840.10008.1.2";

    private TransferSyntax(string uid, string name) => (Uid, Name) = (uid, name);

    public string Uid { get; }

    public string Name { get; }

    public bool IsExplicitVR { get; private init; } = true;

    public bool IsBigEndian { get; private init; }

    /// <summary>The data set after the meta group is a raw deflate stream (RFC 1951).</summary>
    public bool IsDeflated { get; private init; }

    /// <summary>Pixel data is a sequence of fragments.</summary>
    public bool IsEncapsulated { get; private init; }

    /// <summary>The compression may lose information (near-lossless counts).</summary>
    public bool IsLossy { get; private init; }

    /// <summary>MPEG-2, MPEG-4 and HEVC: one stream in which frames cannot be told apart by fragments.</summary>
    public bool IsVideo { get; private init; }

    /// <summary>The standard has withdrawn it: such files still exist, new ones are not made.</summary>
    public bool IsRetired { get; private init; }

    /// <summary>The media type of one frame in DICOMweb (PS3.18 §8.7.3).</summary>
    public string FrameMediaType { get; private init; } = "application/octet-stream";

    private static readonly FrozenDictionary<string, TransferSyntax> Known = DicomUid.Registered
        .Where(x => x.Type == "Transfer Syntax").Select(Create).ToFrozenDictionary(x => x.Uid, StringComparer.Ordinal);

    public static TransferSyntax ImplicitVRLittleEndian { get; } = Known[Root];

    public static TransferSyntax ExplicitVRLittleEndian { get; } = Known[Root + ".1"];

    public static TransferSyntax DeflatedExplicitVRLittleEndian { get; } = Known[Root + ".1.99"];

    public static TransferSyntax ExplicitVRBigEndian { get; } = Known[Root + ".2"];

    public static TransferSyntax RleLossless { get; } = Known[Root + ".5"];

    /// <summary>Every syntax of the standard.</summary>
    public static IReadOnlyCollection<TransferSyntax> All => Known.Values;

    /// <summary>The syntax of a UID, or null when the standard has none of that UID.</summary>
    public static TransferSyntax? Find(string uid) => Known.GetValueOrDefault(uid);

    private static TransferSyntax Create(RegisteredUid uid)
    {
        var syntax = new TransferSyntax(uid.Uid, uid.Name) { IsRetired = uid.IsRetired };
        var branch = uid.Uid[Root.Length..];
        return branch switch
        {
            "" or "0" => syntax with { IsExplicitVR = false },
            ".2" => syntax with { IsBigEndian = true },
            // JPIP: the pixels are elsewhere, the data set is Explicit VR Little Endian, deflated or not (PS3.5 §A.6, §A.7, §A.11, §A.12).
            ".1.99" or ".4.95" or ".4.205" => syntax with { IsDeflated = true },
            ".4.94" or ".4.204" => syntax,
            // Deflated frames are fragments in a data set that is not deflated (PS3.5 §A.4.13).
            ".1.98" or ".8.1" => syntax with { IsEncapsulated = true },
            ".5" => syntax with { IsEncapsulated = true, FrameMediaType = "image/dicom-rle" },
            ['.', '4', '.', .. var number] => CreateCompressed(syntax, int.Parse(number.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture)),
            // SMPTE streams, and encodings of documents: what there is of a data set is Explicit VR Little Endian.
            _ => syntax,
        };
    }

    /// <summary>The compressions, by the number after 1.2.840.10008.1.2.4.</summary>
    private static TransferSyntax CreateCompressed(TransferSyntax syntax, int number)
    {
        var compressed = syntax with { IsEncapsulated = true };
        return number switch
        {
            57 or 58 or 65 or 66 or 70 => compressed with { FrameMediaType = "image/jpeg" },
            >= 50 and < 80 => compressed with { FrameMediaType = "image/jpeg", IsLossy = true },
            80 or 81 => compressed with { FrameMediaType = "image/jls", IsLossy = number == 81 },
            90 or 91 => compressed with { FrameMediaType = "image/jp2", IsLossy = number == 91 },
            92 or 93 => compressed with { FrameMediaType = "image/jpx", IsLossy = number == 93 },
            100 or 101 => compressed with { FrameMediaType = "video/mpeg", IsLossy = true, IsVideo = true },
            >= 102 and <= 106 => compressed with { FrameMediaType = "video/mp4", IsLossy = true, IsVideo = true },
            107 or 108 => compressed with { FrameMediaType = "video/H265", IsLossy = true, IsVideo = true },
            >= 110 and <= 112 => compressed with { FrameMediaType = "image/jxl", IsLossy = number != 110 },
            >= 201 and <= 203 => compressed with { FrameMediaType = "image/jphc", IsLossy = number == 203 },
            _ => compressed,
        };
    }
}
