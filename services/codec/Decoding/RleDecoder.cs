using System.Buffers.Binary;

namespace MedCloudCare.Codecs.Decoding;

/// <summary>RLE Lossless, PS3.5 annex G: a header of 16 words, then PackBits segments, one for each byte of each sample.</summary>
internal static class RleDecoder
{
    private const int HeaderSize = 64;
    private const int MaxSegments = 15;

    /// <returns>Cells by pixel, little endian.</returns>
    /// <exception cref="InvalidDataException">The frame is malformed.</exception>
    public static byte[] Decode(FrameFormat format, ReadOnlySpan<byte> frame)
    {
        var (bytes, pixels) = (format.BytesPerSample, (int)format.Pixels);
        var segments = format.Samples * bytes;
        if (frame.Length < HeaderSize || segments > MaxSegments || BinaryPrimitives.ReadUInt32LittleEndian(frame) != segments)
        {
            throw new InvalidDataException("The RLE header does not fit the image.");
        }

        var output = new byte[format.DecodedBytes];
        for (var i = 0; i < segments; i++)
        {
            var start = BinaryPrimitives.ReadUInt32LittleEndian(frame[(4 + (4 * i))..]);
            var end = i + 1 < segments ? BinaryPrimitives.ReadUInt32LittleEndian(frame[(8 + (4 * i))..]) : (uint)frame.Length;
            if (start < HeaderSize || start > end || end > frame.Length) throw new InvalidDataException("An RLE segment lies outside the frame.");

            // Segments hold the most significant byte of a sample first; cells the least significant.
            var (sample, significance) = (i / bytes, bytes - 1 - (i % bytes));
            Unpack(frame[(int)start..(int)end], output, (sample * bytes) + significance, segments, pixels);
        }

        return output;
    }

    /// <summary>Unpacks a segment into every <paramref name="step"/>th byte from <paramref name="at"/>.</summary>
    private static void Unpack(ReadOnlySpan<byte> packed, byte[] output, int at, int step, int count)
    {
        while (count > 0 && packed.Length > 1)
        {
            var control = (sbyte)packed[0];
            packed = packed[1..];
            if (control >= 0)
            {
                var length = Math.Min(control + 1, count);
                if (length > packed.Length) break;
                for (var i = 0; i < length; i++, at += step) output[at] = packed[i];
                packed = packed[length..];
                count -= length;
            }
            else if (control != -128)
            {
                var length = Math.Min(1 - control, count);
                for (var i = 0; i < length; i++, at += step) output[at] = packed[0];
                packed = packed[1..];
                count -= length;
            }
        }

        if (count > 0) throw new InvalidDataException("An RLE segment ends too early.");
    }
}
