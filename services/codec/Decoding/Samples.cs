using System.Buffers.Binary;

namespace MedCloudCare.Codecs.Decoding;

/// <summary>Cells of a decoded frame.</summary>
internal static class Samples
{
    /// <summary>Writes the bits of a sample into a cell: its low bits if they are more than the cell has.</summary>
    public static void Write(byte[] cells, long index, int bytesPerSample, int value)
    {
        switch (bytesPerSample)
        {
            case 1: cells[index] = (byte)value; break;
            case 2: BinaryPrimitives.WriteUInt16LittleEndian(cells.AsSpan((int)(2 * index)), (ushort)value); break;
            default: BinaryPrimitives.WriteInt32LittleEndian(cells.AsSpan((int)(4 * index)), value); break;
        }
    }

    public static int Read(ReadOnlySpan<byte> cells, long index, int bytesPerSample) => bytesPerSample switch
    {
        1 => cells[(int)index],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(cells[(int)(2 * index)..]),
        _ => BinaryPrimitives.ReadInt32LittleEndian(cells[(int)(4 * index)..]),
    };

    /// <summary>The sample as its precision means it: two's complement goes on to the top of the cell where the image is signed.</summary>
    public static int Extend(int value, int precision, bool isSigned)
    {
        if (precision >= 32) return value;
        var shift = 32 - precision;
        return isSigned ? (value << shift) >> shift : (int)((uint)(value << shift) >> shift);
    }

    /// <summary>Whether JPEG and JPEG-LS samples, which have no sign, are two's complement of that precision (their least is 2).</summary>
    public static bool AreExtended(FrameFormat format, int precision) =>
        format.IsSigned && precision < format.BitsAllocated && precision == Math.Max(2, format.BitsStored);

    /// <summary>From samples by plane to samples by pixel.</summary>
    public static byte[] Interleave(ReadOnlySpan<byte> planes, int samples, int bytesPerSample, long pixels)
    {
        var output = new byte[planes.Length];
        for (var sample = 0; sample < samples; sample++)
        {
            for (var pixel = 0L; pixel < pixels; pixel++)
            {
                var (from, to) = ((int)(((sample * pixels) + pixel) * bytesPerSample), (int)(((pixel * samples) + sample) * bytesPerSample));
                planes.Slice(from, bytesPerSample).CopyTo(output.AsSpan(to));
            }
        }

        return output;
    }
}
