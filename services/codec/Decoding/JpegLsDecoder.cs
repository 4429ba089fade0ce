using MedCloudCare.Codecs.Libraries;

namespace MedCloudCare.Codecs.Decoding;

/// <summary>JPEG-LS of one frame, by CharLS.</summary>
internal static class JpegLsDecoder
{
    /// <exception cref="InvalidDataException">The frame is malformed, or not of the size and samples that the format says.</exception>
    public static unsafe byte[] Decode(FrameFormat format, byte[] frame)
    {
        using var decoder = CharLsDecoder.Create();
        fixed (byte* source = frame)
        {
            CharLs.Check(CharLs.SetSourceBuffer(decoder, source, (nuint)frame.Length));
            CharLs.Check(CharLs.ReadHeader(decoder));
            CharLs.Check(CharLs.GetFrameInfo(decoder, out var info));
            if (info.Width != format.Columns || info.Height != format.Rows || info.Components != format.Samples || info.BitsPerSample > format.BitsAllocated)
            {
                throw new InvalidDataException("The JPEG-LS frame does not fit the image's attributes.");
            }

            CharLs.Check(CharLs.GetInterleaveMode(decoder, out var mode));
            var width = info.BitsPerSample > 8 ? 2 : 1;
            var decoded = new byte[format.Pixels * format.Samples * width];
            fixed (byte* target = decoded) CharLs.Check(CharLs.DecodeToBuffer(decoder, target, (nuint)decoded.Length, 0));
            if (format.Samples > 1 && mode == CharLs.InterleaveNone) decoded = Samples.Interleave(decoded, format.Samples, width, format.Pixels);
            return ToCells(format, decoded, width, info.BitsPerSample);
        }
    }

    private static byte[] ToCells(FrameFormat format, byte[] decoded, int width, int precision)
    {
        var extends = Samples.AreExtended(format, precision);
        if (width == format.BytesPerSample && !extends) return decoded;
        var cells = new byte[format.DecodedBytes];
        for (var i = 0L; i < format.Pixels * format.Samples; i++)
        {
            var value = Samples.Read(decoded, i, width);
            Samples.Write(cells, i, format.BytesPerSample, extends ? Samples.Extend(value, precision, isSigned: true) : value);
        }

        return cells;
    }
}
