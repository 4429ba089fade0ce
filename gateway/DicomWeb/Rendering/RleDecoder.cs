using System.Buffers.Binary;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>RLE Lossless, PS3.5 annex G: a header of 16 words, then PackBits segments, one for each byte of each sample.</summary>
internal static class RleDecoder
{
    private const int HeaderSize = 64;
    private const int MaxSegments = 15;

    /// <param name="frame">One frame as stored.</param>
    /// <param name="segments">How many there must be: samples × bytes a sample.</param>
    /// <param name="pixels">In one segment.</param>
    /// <returns>The segments back to back; of each sample the most significant byte first.</returns>
    /// <exception cref="InvalidDataException">The frame is malformed.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> frame, int segments, int pixels)
    {
        if (frame.Length < HeaderSize || segments is < 1 or > MaxSegments || BinaryPrimitives.ReadUInt32LittleEndian(frame) != segments)
        {
            throw new InvalidDataException("The RLE header does not fit the image.");
        }

        var output = new byte[checked(segments * pixels)];
        for (var i = 0; i < segments; i++)
        {
            var start = BinaryPrimitives.ReadUInt32LittleEndian(frame[(4 + (4 * i))..]);
            var end = i + 1 < segments ? BinaryPrimitives.ReadUInt32LittleEndian(frame[(8 + (4 * i))..]) : (uint)frame.Length;
            if (start < HeaderSize || start > end || end > frame.Length) throw new InvalidDataException("An RLE segment lies outside the frame.");
            Unpack(frame[(int)start..(int)end], output.AsSpan(i * pixels, pixels));
        }

        return output;
    }

    private static void Unpack(ReadOnlySpan<byte> packed, Span<byte> output)
    {
        while (output.Length > 0 && packed.Length > 1)
        {
            var control = (sbyte)packed[0];
            packed = packed[1..];
            if (control >= 0)
            {
                var count = Math.Min(control + 1, output.Length);
                if (count > packed.Length) break;
                packed[..count].CopyTo(output);
                packed = packed[count..];
                output = output[count..];
            }
            else if (control != -128)
            {
                var count = Math.Min(1 - control, output.Length);
                output[..count].Fill(packed[0]);
                packed = packed[1..];
                output = output[count..];
            }
        }

        if (output.Length > 0) throw new InvalidDataException("An RLE segment ends too early.");
    }
}
