namespace MedCloudCare.Codecs;

/// <summary>How the bytes of one frame are coded. Several transfer syntaxes share one.</summary>
public enum PixelCoding : byte
{
    /// <summary>Cells of BitsAllocated bits, little endian.</summary>
    Native,

    /// <summary>PS3.5 annex G.</summary>
    Rle,

    /// <summary>ISO/IEC 10918-1 with a cosine transform: processes 1, 2 and 4.</summary>
    JpegDct,

    /// <summary>ISO/IEC 10918-1 process 14, any predictor; encoded with the first one (SV1).</summary>
    JpegLossless,

    /// <summary>ISO/IEC 14495-1; encoded without loss.</summary>
    JpegLs,

    /// <summary>ISO/IEC 15444-1 and 15444-15 (HT); encoded as 15444-1 without loss.</summary>
    Jpeg2000,
}

/// <summary>The coding of each transfer syntax.</summary>
public static class PixelCodings
{
    /// <summary>The coding of a transfer syntax's frames, or null where this codec has none for it.</summary>
    public static PixelCoding? Find(string transferSyntaxUid) => transferSyntaxUid switch
    {
        "1.2.840.10008.1.2" or "1.2.840.10008.1.2.1" or "1.2.840.10008.1.2.1.98" or "1.2.840.10008.1.2.1.99" or "1.2.840.10008.1.2.2" => PixelCoding.Native,
        "1.2.840.10008.1.2.5" => PixelCoding.Rle,
        "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" => PixelCoding.JpegDct,
        "1.2.840.10008.1.2.4.57" or "1.2.840.10008.1.2.4.70" => PixelCoding.JpegLossless,
        "1.2.840.10008.1.2.4.80" or "1.2.840.10008.1.2.4.81" => PixelCoding.JpegLs,
        "1.2.840.10008.1.2.4.90" or "1.2.840.10008.1.2.4.91" or "1.2.840.10008.1.2.4.201" or "1.2.840.10008.1.2.4.202"
            or "1.2.840.10008.1.2.4.203" => PixelCoding.Jpeg2000,
        _ => null,
    };
}
