using System.Buffers;
using System.Runtime.InteropServices;
using JpegLibrary;
using MedCloudCare.Codecs.Decoding;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>JPEG process 1 of 8-bit images, by JpegLibrary. Colour becomes luminance and chrominance.</summary>
internal static class JpegBaselineEncoder
{
    /// <exception cref="NotSupportedException">Not unsigned 8 bits, or not grey or colour.</exception>
    public static (byte[] Bytes, Photometric Photometric) Encode(CodecRequest request, DecodedFrame frame)
    {
        var format = request.Format;
        if (format is not { BitsAllocated: 8, IsSigned: false } || frame.Photometric is Photometric.PaletteColor or Photometric.Other) throw new NotSupportedException();
        if (request.Quality is < 1 or > 100) throw new InvalidDataException("The quality is not 1 to 100.");
        var pixels = frame.Photometric == Photometric.Rgb ? ToYbr(frame.Pixels) : frame.Pixels;
        var encoder = new JpegEncoder();
        AddLuminance(encoder, request.Quality, isWide: format.Samples == 3 && request.HalvesChroma);
        if (format.Samples == 3) AddChrominance(encoder, request.Quality);
        var output = new ArrayBufferWriter<byte>(Math.Max(1024, pixels.Length / 4));
        encoder.SetInputReader(new CellReader(format, pixels));
        encoder.SetOutput(output);
        encoder.Encode();
        var photometric = format.Samples == 1 ? frame.Photometric : request.HalvesChroma ? Photometric.YbrFull422 : Photometric.YbrFull;
        return (output.WrittenSpan.ToArray(), photometric);
    }

    private static void AddLuminance(JpegEncoder encoder, int quality, bool isWide)
    {
        encoder.SetQuantizationTable(JpegStandardQuantizationTable.ScaleByQuality(
            JpegStandardQuantizationTable.GetLuminanceTable(JpegElementPrecision.Precision8Bit, 0), quality));
        encoder.SetHuffmanTable(true, 0, JpegStandardHuffmanEncodingTable.GetLuminanceDCTable());
        encoder.SetHuffmanTable(false, 0, JpegStandardHuffmanEncodingTable.GetLuminanceACTable());
        encoder.AddComponent(1, 0, 0, 0, isWide ? (byte)2 : (byte)1, 1);
    }

    private static void AddChrominance(JpegEncoder encoder, int quality)
    {
        encoder.SetQuantizationTable(JpegStandardQuantizationTable.ScaleByQuality(
            JpegStandardQuantizationTable.GetChrominanceTable(JpegElementPrecision.Precision8Bit, 1), quality));
        encoder.SetHuffmanTable(true, 1, JpegStandardHuffmanEncodingTable.GetChrominanceDCTable());
        encoder.SetHuffmanTable(false, 1, JpegStandardHuffmanEncodingTable.GetChrominanceACTable());
        encoder.AddComponent(2, 1, 1, 1, 1, 1);
        encoder.AddComponent(3, 1, 1, 1, 1, 1);
    }

    /// <summary>RGB to YBR_FULL, PS3.3 §C.7.6.3.1.2.</summary>
    private static byte[] ToYbr(ReadOnlySpan<byte> rgb)
    {
        var ybr = new byte[rgb.Length];
        for (var i = 0; i + 2 < rgb.Length; i += 3)
        {
            double r = rgb[i], g = rgb[i + 1], b = rgb[i + 2];
            ybr[i] = Byte((0.2990 * r) + (0.5870 * g) + (0.1140 * b));
            ybr[i + 1] = Byte((-0.168736 * r) - (0.331264 * g) + (0.5 * b) + 128);
            ybr[i + 2] = Byte((0.5 * r) - (0.418688 * g) - (0.081312 * b) + 128);
        }

        return ybr;

        static byte Byte(double value) => (byte)Math.Clamp((int)(value + 0.5), 0, 255);
    }

    private sealed class CellReader(FrameFormat format, byte[] pixels) : JpegBlockInputReader
    {
        public override int Width => format.Columns;

        public override int Height => format.Rows;

        public override void ReadBlock(ref short blockRef, int componentIndex, int x, int y)
        {
            var block = MemoryMarshal.CreateSpan(ref blockRef, 64);
            for (var row = 0; row < 8; row++)
            {
                // Beyond the edges the last pixel goes on: a sharp border would ring into the picture.
                var line = (long)Math.Min(y + row, format.Rows - 1) * format.Columns;
                for (var column = 0; column < 8; column++)
                {
                    block[(row * 8) + column] = pixels[((line + Math.Min(x + column, format.Columns - 1)) * format.Samples) + componentIndex];
                }
            }
        }
    }
}
