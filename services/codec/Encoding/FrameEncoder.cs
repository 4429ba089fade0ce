using MedCloudCare.Codecs.Decoding;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>Chooses the encoder of a coding. All but the cosine transform are without loss.</summary>
internal static class FrameEncoder
{
    /// <exception cref="NotSupportedException">There is no encoder for it, or not for such an image.</exception>
    public static (byte[] Bytes, Photometric Photometric) Encode(CodecRequest request, DecodedFrame frame) => request.To switch
    {
        PixelCoding.Rle => (RleEncoder.Encode(request.Format, frame.Pixels), frame.Photometric),
        PixelCoding.JpegLossless => (JpegLosslessEncoder.Encode(request.Format, frame.Pixels, isRgb: frame.Photometric == Photometric.Rgb), frame.Photometric),
        PixelCoding.JpegLs => (JpegLsEncoder.Encode(request.Format, frame.Pixels), frame.Photometric),
        PixelCoding.Jpeg2000 => Jpeg2000Encoder.Encode(request.Format, frame),
        PixelCoding.JpegDct => JpegBaselineEncoder.Encode(request, frame),
        _ => throw new NotSupportedException(),
    };
}
