using System.Buffers;
using JpegLibrary;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>JPEG (ISO/IEC 10918-1) of one frame, by JpegLibrary: baseline, extended and lossless in, baseline out.</summary>
internal static class JpegCodec
{
    /// <returns>Samples interleaved by pixel, as decoded (colour is not converted).</returns>
    /// <exception cref="InvalidDataException">The frame is malformed, or not of the size and samples that the metadata say.</exception>
    public static ushort[] Decode(ReadOnlyMemory<byte> frame, int width, int height, int samples)
    {
        var decoder = new JpegDecoder();
        decoder.SetInput(frame);
        decoder.Identify();
        if (decoder.Width != width || decoder.Height != height || decoder.NumberOfComponents != samples)
        {
            throw new InvalidDataException("The JPEG frame does not fit the image's metadata.");
        }

        var output = new SampleWriter(width, height, samples, decoder.Precision);
        decoder.SetOutputWriter(output);
        decoder.Decode();
        return output.Samples;
    }

    /// <param name="quality">1 to 100, as the IJG's tables are scaled.</param>
    public static void Encode(Raster raster, int quality, IBufferWriter<byte> output)
    {
        var encoder = new JpegEncoder();
        encoder.SetQuantizationTable(JpegStandardQuantizationTable.ScaleByQuality(
            JpegStandardQuantizationTable.GetLuminanceTable(JpegElementPrecision.Precision8Bit, 0), quality));
        encoder.SetHuffmanTable(true, 0, JpegStandardHuffmanEncodingTable.GetLuminanceDCTable());
        encoder.SetHuffmanTable(false, 0, JpegStandardHuffmanEncodingTable.GetLuminanceACTable());
        encoder.AddComponent(1, 0, 0, 0, 1, 1);
        if (raster.Components == 3)
        {
            encoder.SetQuantizationTable(JpegStandardQuantizationTable.ScaleByQuality(
                JpegStandardQuantizationTable.GetChrominanceTable(JpegElementPrecision.Precision8Bit, 1), quality));
            encoder.SetHuffmanTable(true, 1, JpegStandardHuffmanEncodingTable.GetChrominanceDCTable());
            encoder.SetHuffmanTable(false, 1, JpegStandardHuffmanEncodingTable.GetChrominanceACTable());
            encoder.AddComponent(2, 1, 1, 1, 1, 1);
            encoder.AddComponent(3, 1, 1, 1, 1, 1);
        }

        encoder.SetInputReader(new RasterReader(raster));
        encoder.SetOutput(output);
        encoder.Encode();
    }

    private sealed class SampleWriter(int width, int height, int samples, int precision) : JpegBlockOutputWriter
    {
        // The inverse transform of lossy data overshoots. Sixteen bits are lossless and use all of a cell.
        private readonly int _largest = (1 << precision) - 1;

        public ushort[] Samples { get; } = new ushort[checked(width * height * samples)];

        public override void WriteBlock(ref short blockRef, int componentIndex, int x, int y)
        {
            if (componentIndex >= samples) return;
            var block = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpan(ref blockRef, 64);
            for (var row = 0; row < 8 && y + row < height; row++)
            {
                for (var column = 0; column < 8 && x + column < width; column++)
                {
                    Samples[((((y + row) * width) + x + column) * samples) + componentIndex] = precision == 16 ? (ushort)block[(row * 8) + column] : (ushort)Math.Clamp((int)block[(row * 8) + column], 0, _largest);
                }
            }
        }
    }

    private sealed class RasterReader(Raster raster) : JpegBlockInputReader
    {
        public override int Width => raster.Width;

        public override int Height => raster.Height;

        public override void ReadBlock(ref short blockRef, int componentIndex, int x, int y)
        {
            var block = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref blockRef, 64);
            for (var row = 0; row < 8; row++)
            {
                // Beyond the edges the last pixel goes on: a sharp border would ring into the picture.
                var line = Math.Min(y + row, raster.Height - 1) * raster.Width;
                for (var column = 0; column < 8; column++)
                {
                    block[(row * 8) + column] = raster.Pixels[((line + Math.Min(x + column, raster.Width - 1)) * raster.Components) + componentIndex];
                }
            }
        }
    }
}
