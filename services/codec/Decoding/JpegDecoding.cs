using System.Runtime.InteropServices;
using JpegLibrary;

namespace MedCloudCare.Codecs.Decoding;

/// <summary>JPEG (ISO/IEC 10918-1) of one frame, by JpegLibrary: processes 1, 2, 4 and 14.</summary>
internal static class JpegDecoding
{
    /// <returns>Lossy colour as RGB; lossless samples as they are.</returns>
    /// <exception cref="InvalidDataException">The frame is malformed, or not of the size and samples that the format says.</exception>
    public static DecodedFrame Decode(FrameFormat format, ReadOnlyMemory<byte> frame)
    {
        var header = JpegHeader.Read(frame.Span);
        var decoder = new JpegDecoder();
        decoder.SetInput(frame);
        decoder.Identify();
        if (decoder.Width != format.Columns || decoder.Height != format.Rows || decoder.NumberOfComponents != format.Samples
            || decoder.Precision > format.BitsAllocated)
        {
            throw new InvalidDataException("The JPEG frame does not fit the image's attributes.");
        }

        var output = new CellWriter(format, decoder.Precision);
        decoder.SetOutputWriter(output);
        decoder.Decode();
        if (format.Samples == 1) return new DecodedFrame(output.Cells, format.Photometric);
        if (header.IsLossless) return new DecodedFrame(output.Cells, header.IsYbr(format.Photometric) ? Photometric.YbrFull : format.Photometric);
        if (header.IsYbr(format.Photometric) && format.BitsAllocated == 8) ToRgb(output.Cells);
        return new DecodedFrame(output.Cells, Photometric.Rgb);
    }

    /// <summary>YBR_FULL to RGB (PS3.3 §C.7.6.3.1.2).</summary>
    private static void ToRgb(byte[] cells)
    {
        for (var i = 0; i + 2 < cells.Length; i += 3)
        {
            var (y, b, r) = ((double)cells[i], cells[i + 1] - 128.0, cells[i + 2] - 128.0);
            cells[i] = Byte(y + (1.402 * r));
            cells[i + 1] = Byte(y - (0.344136 * b) - (0.714136 * r));
            cells[i + 2] = Byte(y + (1.772 * b));
        }

        static byte Byte(double value) => (byte)Math.Clamp((int)(value + 0.5), 0, 255);
    }

    private sealed class CellWriter(FrameFormat format, int precision) : JpegBlockOutputWriter
    {
        // The inverse transform of lossy data overshoots. Sixteen bits are lossless and use all of a cell.
        private readonly int _largest = (1 << precision) - 1;
        private readonly bool _extends = Samples.AreExtended(format, precision);

        public byte[] Cells { get; } = new byte[format.DecodedBytes];

        public override void WriteBlock(ref short blockRef, int componentIndex, int x, int y)
        {
            if (componentIndex >= format.Samples) return;
            var block = MemoryMarshal.CreateReadOnlySpan(ref blockRef, 64);
            var (right, bottom) = (Math.Min(8, format.Columns - x), Math.Min(8, format.Rows - y));
            for (var row = 0; row < bottom; row++)
            {
                var at = ((((long)y + row) * format.Columns) + x) * format.Samples + componentIndex;
                for (var column = 0; column < right; column++, at += format.Samples)
                {
                    var value = precision == 16 ? (ushort)block[(row * 8) + column] : Math.Clamp((int)block[(row * 8) + column], 0, _largest);
                    Samples.Write(Cells, at, format.BytesPerSample, _extends ? Samples.Extend(value, precision, isSigned: true) : value);
                }
            }
        }
    }
}
