namespace MedCloudCare.Codecs;

/// <summary>One frame to recode.</summary>
public sealed record CodecRequest
{
    public required FrameFormat Format { get; init; }

    public required PixelCoding From { get; init; }

    /// <summary><see cref="PixelCoding.Native"/>: decoded, every sample in a cell, by pixel.</summary>
    public required PixelCoding To { get; init; }

    /// <summary>1 to 100, of <see cref="PixelCoding.JpegDct"/> as a target.</summary>
    public int Quality { get; init; } = 90;

    /// <summary>A JPEG of colour shares chroma between two pixels, as YBR_FULL_422 says; otherwise every pixel has its own.</summary>
    public bool HalvesChroma { get; init; }
}

/// <summary>How a call ended.</summary>
public enum CodecStatus : byte
{
    Done,

    /// <summary>The bytes are no such frame, or not one of the format that the attributes give.</summary>
    Damaged,

    /// <summary>A coding, or a kind of image in it, that this codec does not have.</summary>
    Unsupported,

    /// <summary>The frame, or what decoding it takes, is larger than the limit.</summary>
    TooLarge,
}

/// <summary>One recoded frame.</summary>
/// <param name="Photometric">What its samples are now: decoding may turn luminance and chrominance into RGB, encoding the other way.</param>
/// <param name="Bytes">Empty unless <see cref="CodecStatus.Done"/>.</param>
public sealed record CodecResponse(CodecStatus Status, Photometric Photometric, byte[] Bytes);
