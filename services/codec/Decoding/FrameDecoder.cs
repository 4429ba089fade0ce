namespace MedCloudCare.Codecs.Decoding;

/// <summary>Chooses the decoder of a coding.</summary>
internal static class FrameDecoder
{
    /// <exception cref="InvalidDataException">The frame is malformed or not of that format.</exception>
    /// <exception cref="NotSupportedException">There is no decoder for it.</exception>
    public static DecodedFrame Decode(FrameFormat format, PixelCoding coding, byte[] frame) => coding switch
    {
        PixelCoding.Native => NativeDecoder.Decode(format, frame),
        PixelCoding.Rle => new(RleDecoder.Decode(format, frame), Stored(format)),
        PixelCoding.JpegDct or PixelCoding.JpegLossless => JpegDecoding.Decode(format, frame),
        PixelCoding.JpegLs => new(JpegLsDecoder.Decode(format, frame), Stored(format)),
        PixelCoding.Jpeg2000 => new(Jpeg2000Decoder.Decode(format, frame), Untransformed(format)),
        _ => throw new NotSupportedException(),
    };

    /// <summary>RLE and JPEG-LS keep the samples, and know no shared chroma.</summary>
    private static Photometric Stored(FrameFormat format) => format.Photometric == Photometric.YbrFull422 ? Photometric.YbrFull : format.Photometric;

    /// <summary>The decoder undoes the multiple component transform of JPEG 2000 itself (PS3.5 §8.2.4).</summary>
    private static Photometric Untransformed(FrameFormat format) =>
        format.Photometric is Photometric.YbrIct or Photometric.YbrRct ? Photometric.Rgb : Stored(format);
}
