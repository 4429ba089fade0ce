using System.Buffers.Binary;

namespace MedCloudCare.Codecs.Decoding;

/// <summary>What the markers before the first scan say about colour (ISO/IEC 10918-1 §B.2; JFIF; Adobe technical note 5116).</summary>
internal readonly record struct JpegHeader(bool IsLossless, bool IsJfif, int? AdobeTransform, bool HasRgbIdentifiers)
{
    private const byte StartOfScan = 0xDA;
    private const byte Application0 = 0xE0;
    private const byte Application14 = 0xEE;

    /// <exception cref="InvalidDataException">There is no frame header.</exception>
    public static JpegHeader Read(ReadOnlySpan<byte> frame)
    {
        var header = default(JpegHeader);
        var found = false;
        for (var at = 2; at + 4 <= frame.Length;)
        {
            var marker = frame[at + 1];
            if (frame[at] != 0xFF || marker == StartOfScan) break;
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(frame[(at + 2)..]);
            if (length < 2 || at + 2 + length > frame.Length) break;
            var segment = frame.Slice(at + 4, length - 2);
            if (marker == Application0 && segment.StartsWith("JFIF\0"u8)) header = header with { IsJfif = true };
            else if (marker == Application14 && segment.Length >= 12 && segment.StartsWith("Adobe"u8)) header = header with { AdobeTransform = segment[11] };
            else if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                found = true;
                header = header with { IsLossless = marker is 0xC3 or 0xC7 or 0xCB or 0xCF, HasRgbIdentifiers = AreRgb(segment) };
            }

            at += 2 + length;
        }

        return found ? header : throw new InvalidDataException("The JPEG frame has no header.");
    }

    /// <summary>Whether the three samples are luminance and chrominance.</summary>
    /// <remarks>The stream's own word comes first, as in libjpeg: attributes are often left as they were before compression.</remarks>
    public bool IsYbr(Photometric photometric)
    {
        var isNamed = photometric is Photometric.YbrFull or Photometric.YbrFull422;
        if (IsLossless) return isNamed;
        if (AdobeTransform is { } transform) return transform != 0;
        return IsJfif || (isNamed && !HasRgbIdentifiers);
    }

    private static bool AreRgb(ReadOnlySpan<byte> frameHeader) =>
        frameHeader.Length >= 15 && frameHeader[5] == 3 && frameHeader[6] == 'R' && frameHeader[9] == 'G' && frameHeader[12] == 'B';
}
