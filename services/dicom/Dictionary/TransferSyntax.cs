using System.Collections.Frozen;

namespace MedCloudCare.Dicom;

/// <summary>How a data set and its pixels are encoded (PS3.5 §10, annex A).</summary>
public sealed record TransferSyntax
{
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

    /// <summary>The media type of one frame in DICOMweb (PS3.18 §8.7.3).</summary>
    public string FrameMediaType { get; private init; } = "application/octet-stream";

    public static TransferSyntax ImplicitVRLittleEndian { get; } = new("1.2.840.10008.1.2", "Implicit VR Little Endian") { IsExplicitVR = false };

    public static TransferSyntax ExplicitVRLittleEndian { get; } = new("1.2.840.10008.1.2.1", "Explicit VR Little Endian");

    public static TransferSyntax DeflatedExplicitVRLittleEndian { get; } = new("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian") { IsDeflated = true };

    public static TransferSyntax ExplicitVRBigEndian { get; } = new("1.2.840.10008.1.2.2", "Explicit VR Big Endian") { IsBigEndian = true };

    public static TransferSyntax RleLossless { get; } = new("1.2.840.10008.1.2.5", "RLE Lossless") { IsEncapsulated = true, FrameMediaType = "image/dicom-rle" };

    private static readonly FrozenDictionary<string, TransferSyntax> Known = All().ToFrozenDictionary(x => x.Uid, StringComparer.Ordinal);

    /// <summary>The syntax of a UID, or null when the standard has none of that UID.</summary>
    public static TransferSyntax? Find(string uid) => Known.GetValueOrDefault(uid);

    private static IEnumerable<TransferSyntax> All()
    {
        const string Jpeg = "image/jpeg", Jls = "image/jls", J2k = "image/jp2", Jpx = "image/jpx", Jph = "image/jphc";
        const string Mpeg2 = "video/mpeg", Mp4 = "video/mp4", Hevc = "video/H265", Jxl = "image/jxl";
        yield return ImplicitVRLittleEndian;
        yield return ExplicitVRLittleEndian;
        yield return DeflatedExplicitVRLittleEndian;
        yield return ExplicitVRBigEndian;
        yield return RleLossless;
        yield return Compressed(".1.98", "Encapsulated Uncompressed Explicit VR Little Endian", "application/octet-stream");
        yield return Compressed(".4.50", "JPEG Baseline (Process 1)", Jpeg, lossy: true);
        yield return Compressed(".4.51", "JPEG Extended (Process 2 and 4)", Jpeg, lossy: true);
        foreach (var retired in (int[])[52, 53, 54, 55, 56, 59, 60, 61, 62, 63, 64])
        {
            yield return Compressed($".4.{retired}", "JPEG (retired process)", Jpeg, lossy: true);
        }

        yield return Compressed(".4.57", "JPEG Lossless, Non-Hierarchical (Process 14)", Jpeg);
        yield return Compressed(".4.58", "JPEG Lossless, Non-Hierarchical (Process 15)", Jpeg);
        yield return Compressed(".4.65", "JPEG Lossless, Hierarchical (Process 28)", Jpeg);
        yield return Compressed(".4.66", "JPEG Lossless, Hierarchical (Process 29)", Jpeg);
        yield return Compressed(".4.70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction", Jpeg);
        yield return Compressed(".4.80", "JPEG-LS Lossless", Jls);
        yield return Compressed(".4.81", "JPEG-LS Near-Lossless", Jls, lossy: true);
        yield return Compressed(".4.90", "JPEG 2000 (Lossless Only)", J2k);
        yield return Compressed(".4.91", "JPEG 2000", J2k, lossy: true);
        yield return Compressed(".4.92", "JPEG 2000 Part 2 Multi-component (Lossless Only)", Jpx);
        yield return Compressed(".4.93", "JPEG 2000 Part 2 Multi-component", Jpx, lossy: true);
        yield return Compressed(".4.100", "MPEG2 Main Profile / Main Level", Mpeg2, lossy: true, video: true);
        yield return Compressed(".4.101", "MPEG2 Main Profile / High Level", Mpeg2, lossy: true, video: true);
        foreach (var level in (int[])[102, 103, 104, 105, 106])
        {
            yield return Compressed($".4.{level}", "MPEG-4 AVC/H.264", Mp4, lossy: true, video: true);
            yield return Compressed($".4.{level}.1", "Fragmentable MPEG-4 AVC/H.264", Mp4, lossy: true, video: true);
        }

        yield return Compressed(".4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", Mpeg2, lossy: true, video: true);
        yield return Compressed(".4.101.1", "Fragmentable MPEG2 Main Profile / High Level", Mpeg2, lossy: true, video: true);
        yield return Compressed(".4.107", "HEVC/H.265 Main Profile / Level 5.1", Hevc, lossy: true, video: true);
        yield return Compressed(".4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", Hevc, lossy: true, video: true);
        yield return Compressed(".4.110", "JPEG XL Lossless", Jxl);
        yield return Compressed(".4.111", "JPEG XL JPEG Recompression", Jxl, lossy: true);
        yield return Compressed(".4.112", "JPEG XL", Jxl, lossy: true);
        yield return Compressed(".4.201", "High-Throughput JPEG 2000 (Lossless Only)", Jph);
        yield return Compressed(".4.202", "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)", Jph);
        yield return Compressed(".4.203", "High-Throughput JPEG 2000", Jph, lossy: true);
    }

    private static TransferSyntax Compressed(string suffix, string name, string mediaType, bool lossy = false, bool video = false) =>
        new("1.2.840.10008.1.2" + suffix, name) { IsEncapsulated = true, IsLossy = lossy, IsVideo = video, FrameMediaType = mediaType };
}
