using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using MedCloudCare.Codecs.Decoding;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>
/// JPEG process 14 with the first predictor (ISO/IEC 10918-1 annex H; SV1 in DICOM), colour interleaved, with a Huffman table
/// made for the frame.
/// </summary>
internal static class JpegLosslessEncoder
{
    private const int MinPrecision = 2;
    private const int MaxPrecision = 16;

    /// <exception cref="NotSupportedException">More than 16 bits a sample.</exception>
    public static byte[] Encode(FrameFormat format, byte[] cells, bool isRgb)
    {
        if (format.BitsAllocated > MaxPrecision) throw new NotSupportedException();
        var precision = Math.Max(MinPrecision, CellBits.Precision(format, cells));
        var differences = Predict(format, cells, precision);
        var counts = new long[HuffmanTable.Symbols];
        foreach (var difference in differences) counts[CategoryOf(difference)]++;
        var table = HuffmanTable.Make(counts);

        var output = new ArrayBufferWriter<byte>(Math.Max(1024, cells.Length / 2));
        WriteHeaders(output, format, precision, table, isRgb);
        var bits = new BitWriter(output);
        foreach (var difference in differences)
        {
            var category = CategoryOf(difference);
            bits.Write(table.Codes[category], table.Lengths[category]);

            // 32768 has a category of its own and no more bits (table H.2).
            if (category is > 0 and < 16) bits.Write((uint)(difference < 0 ? difference - 1 : difference) & ((1u << category) - 1), category);
        }

        bits.Flush();
        output.Write([(byte)0xFF, (byte)0xD9]);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Samples less the one to the left; in the first column less the one above; at the start less half the range (§H.1.2.1). Modulo 2^16.</summary>
    private static short[] Predict(FrameFormat format, byte[] cells, int precision)
    {
        var (samples, width, mask) = (format.Samples, format.BytesPerSample, CellBits.Mask(precision));
        var stride = format.Columns * samples;
        var differences = new short[format.Pixels * samples];
        for (var i = 0; i < differences.Length; i++)
        {
            var column = i % stride;
            var prediction = column >= samples ? At(i - samples) : i >= stride ? At(i - stride) : 1 << (precision - 1);
            differences[i] = (short)(At(i) - prediction);
        }

        return differences;

        int At(int index) => Samples.Read(cells, index, width) & mask;
    }

    private static int CategoryOf(short difference) => 32 - BitOperations.LeadingZeroCount((uint)Math.Abs((int)difference));

    private static void WriteHeaders(ArrayBufferWriter<byte> output, FrameFormat format, int precision, HuffmanTable table, bool isRgb)
    {
        output.Write([(byte)0xFF, (byte)0xD8]);

        // Without a word on it, three components are taken for luminance and chrominance by libjpeg and what is built on it.
        if (isRgb) output.Write([(byte)0xFF, (byte)0xEE, (byte)0, (byte)14, .. "Adobe"u8, (byte)0, (byte)100, (byte)0, (byte)0, (byte)0, (byte)0, (byte)0]);
        output.Write([(byte)0xFF, (byte)0xC3]);
        WriteUInt16(output, 8 + (3 * format.Samples));
        output.Write([(byte)precision]);
        WriteUInt16(output, format.Rows);
        WriteUInt16(output, format.Columns);
        output.Write([(byte)format.Samples]);
        for (var i = 1; i <= format.Samples; i++) output.Write([(byte)i, (byte)0x11, (byte)0]);

        output.Write([(byte)0xFF, (byte)0xC4]);
        WriteUInt16(output, 2 + 1 + 16 + table.Values.Length);
        output.Write([(byte)0]);
        output.Write(table.LengthCounts);
        output.Write(table.Values);

        output.Write([(byte)0xFF, (byte)0xDA]);
        WriteUInt16(output, 6 + (2 * format.Samples));
        output.Write([(byte)format.Samples]);
        for (var i = 1; i <= format.Samples; i++) output.Write([(byte)i, (byte)0]);
        output.Write([(byte)1, (byte)0, (byte)0]);
    }

    private static void WriteUInt16(ArrayBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(2), (ushort)value);
        output.Advance(2);
    }

    /// <summary>Bits from the top; after a byte of ones comes one of zeros, so that it is no marker (§F.1.2.3).</summary>
    private sealed class BitWriter(ArrayBufferWriter<byte> output)
    {
        private ulong _bits;
        private int _count;

        public void Write(uint value, int length)
        {
            _bits = (_bits << length) | value;
            _count += length;
            while (_count >= 8) Emit((byte)(_bits >> (_count -= 8)));
        }

        public void Flush()
        {
            if (_count > 0) Write((1u << (8 - _count)) - 1, 8 - _count);
        }

        private void Emit(byte value)
        {
            var span = output.GetSpan(2);
            span[0] = value;
            span[1] = 0;
            output.Advance(value == 0xFF ? 2 : 1);
        }
    }
}
