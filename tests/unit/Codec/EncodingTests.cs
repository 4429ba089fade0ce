using CsCheck;
using MedCloudCare.Codecs;
using MedCloudCare.Codecs.Decoding;
using MedCloudCare.Codecs.Encoding;

namespace MedCloudCare.Codec.Tests;

public sealed class EncodingTests
{
    private static readonly (PixelCoding Coding, string Syntax)[] Lossless =
    [
        (PixelCoding.Rle, "1.2.840.10008.1.2.5"), (PixelCoding.JpegLossless, "1.2.840.10008.1.2.4.70"), (PixelCoding.JpegLs, "1.2.840.10008.1.2.4.80"),
        (PixelCoding.Jpeg2000, "1.2.840.10008.1.2.4.90"),
    ];

    [SkippableTheory]
    [InlineData(8, 8, false, 1, "MONOCHROME2")]
    [InlineData(8, 8, false, 3, "RGB")]
    [InlineData(8, 8, false, 3, "YBR_FULL")]
    [InlineData(16, 12, false, 1, "MONOCHROME2")]
    [InlineData(16, 12, true, 1, "MONOCHROME2")]
    [InlineData(16, 16, false, 1, "MONOCHROME1")]
    [InlineData(16, 16, true, 1, "MONOCHROME2")]
    [InlineData(16, 16, false, 3, "RGB")]
    public void What_is_encoded_without_loss_is_decoded_by_gdcm_and_pydicom_to_the_same_samples(int allocated, int stored, bool signed, int samples, string photometric)
    {
        var format = Format(31, 45, allocated, stored, signed, samples, photometric);
        var cells = Picture(format, seed: 7);
        foreach (var (coding, syntax) in Lossless)
        {
            var response = Recoder.Recode(new CodecRequest { Format = format, From = PixelCoding.Native, To = coding }, cells);
            Assert.Equal(CodecStatus.Done, response.Status);
            var decoded = Reference.DecodeFrames(syntax, format, response.Photometric.Term()!, [response.Bytes]);

            Assert.True(cells.AsSpan().SequenceEqual(decoded.AsSpan(0, cells.Length)), $"{coding} of {allocated}/{stored} {(signed ? "signed" : "unsigned")} × {samples}");
        }
    }

    [Fact]
    public void Every_lossless_coding_gives_back_every_cell_of_any_picture()
    {
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Bool, Gen.Int[1, 16], Gen.Bool, Gen.Bool, Gen.Int[0, 3], Gen.Int[0, 1 << 20]).Sample(
            (rows, columns, isWide, bits, signed, isColour, kind, seed) =>
            {
                var (allocated, samples) = (isWide ? 16 : 8, isColour ? 3 : 1);
                var format = Format(rows, columns, allocated, Math.Min(bits, allocated), signed, samples, samples == 3 ? "RGB" : "MONOCHROME2");
                var cells = kind == 0 ? Noise(format, seed) : Picture(format, seed);
                foreach (var (coding, _) in Lossless)
                {
                    var encoded = Recoder.Recode(new CodecRequest { Format = format, From = PixelCoding.Native, To = coding }, cells);
                    Assert.Equal(CodecStatus.Done, encoded.Status);
                    var decoded = Recoder.Recode(new CodecRequest { Format = format with { Photometric = encoded.Photometric }, From = coding, To = PixelCoding.Native }, encoded.Bytes);
                    Assert.Equal(CodecStatus.Done, decoded.Status);
                    Assert.Equal(cells, decoded.Bytes);
                }
            }, iter: 400);
    }

    [Fact]
    public void Thirty_two_bits_go_through_rle_and_through_nothing_else()
    {
        var format = Format(9, 7, 32, 32, false, 1, "MONOCHROME2");
        var cells = Noise(format, 3);
        var encoded = Recoder.Recode(new CodecRequest { Format = format, From = PixelCoding.Native, To = PixelCoding.Rle }, cells);
        Assert.Equal(cells, RleDecoder.Decode(format, encoded.Bytes));
        foreach (var coding in (PixelCoding[])[PixelCoding.JpegLossless, PixelCoding.JpegLs, PixelCoding.Jpeg2000, PixelCoding.JpegDct])
        {
            Assert.Equal(CodecStatus.Unsupported, Recoder.Recode(new CodecRequest { Format = format, From = PixelCoding.Native, To = coding }, cells).Status);
        }
    }

    [Fact]
    public void Bits_above_those_stored_survive()
    {
        // An overlay in the upper four bits, as old images have it.
        var format = Format(16, 16, 16, 12, false, 1, "MONOCHROME2");
        var cells = Noise(format, 11);
        foreach (var (coding, _) in Lossless)
        {
            var encoded = Recoder.Recode(new CodecRequest { Format = format, From = PixelCoding.Native, To = coding }, cells);
            Assert.Equal(cells, Recoder.Recode(new CodecRequest { Format = format, From = coding, To = PixelCoding.Native }, encoded.Bytes).Bytes);
        }
    }

    [SkippableTheory]
    [InlineData(1, "MONOCHROME2", false)]
    [InlineData(3, "RGB", false)]
    [InlineData(3, "RGB", true)]
    public void A_jpeg_looks_like_what_was_encoded(int samples, string photometric, bool halves)
    {
        var format = Format(60, 80, 8, 8, false, samples, photometric);
        var cells = Picture(format, seed: 5, isSmooth: true);
        var encoded = Recoder.Recode(new CodecRequest { Format = format, From = PixelCoding.Native, To = PixelCoding.JpegDct, Quality = 95, HalvesChroma = halves }, cells);
        Assert.Equal(samples == 1 ? Photometric.Monochrome2 : halves ? Photometric.YbrFull422 : Photometric.YbrFull, encoded.Photometric);
        var decoded = Recoder.Recode(new CodecRequest { Format = format with { Photometric = encoded.Photometric }, From = PixelCoding.JpegDct, To = PixelCoding.Native }, encoded.Bytes);
        Assert.Equal(samples == 1 ? Photometric.Monochrome2 : Photometric.Rgb, decoded.Photometric);
        Assert.True(cells.Zip(decoded.Bytes, (a, b) => Math.Abs(a - b)).Average() < 4);
    }

    [Fact]
    public void A_huffman_table_has_no_code_longer_than_sixteen_bits_and_none_of_ones_alone()
    {
        Gen.Long[0, 1L << 40].Array[HuffmanTable.Symbols].Where(c => c.Any(x => x > 0)).Sample(counts =>
        {
            var table = HuffmanTable.Make(counts);
            for (var symbol = 0; symbol < counts.Length; symbol++)
            {
                Assert.Equal(counts[symbol] > 0, table.Lengths[symbol] is > 0 and <= 16);
                if (counts[symbol] > 0) Assert.NotEqual((1u << table.Lengths[symbol]) - 1, table.Codes[symbol]);
            }
        }, iter: 2000);
        long[] fibonacci = new long[HuffmanTable.Symbols];
        for (var i = 0; i < fibonacci.Length; i++) fibonacci[i] = i < 2 ? 1 : fibonacci[i - 1] + fibonacci[i - 2];
        Assert.All(HuffmanTable.Make(fibonacci).Lengths, l => Assert.InRange(l, 1, 16));
    }

    internal static FrameFormat Format(int rows, int columns, int allocated, int stored, bool signed, int samples, string photometric) => new()
    {
        Rows = rows, Columns = columns, Samples = samples, BitsAllocated = allocated, BitsStored = stored, HighBit = stored - 1, IsSigned = signed,
        Photometric = Photometrics.Parse(photometric),
    };

    private static byte[] Noise(FrameFormat format, int seed)
    {
        var cells = new byte[format.DecodedBytes];
        new Random(seed).NextBytes(cells);
        return cells;
    }

    /// <summary>Ramps with noise and the extremes, in the stored bits.</summary>
    internal static byte[] Picture(FrameFormat format, int seed, bool isSmooth = false)
    {
        var (random, cells) = (new Random(seed), new byte[format.DecodedBytes]);
        var (low, high) = format.IsSigned ? (-(1 << (format.BitsStored - 1)), (1 << (format.BitsStored - 1)) - 1) : (0, (int)((1L << format.BitsStored) - 1));
        for (var i = 0; i < format.Pixels * format.Samples; i++)
        {
            var ramp = low + (int)((long)(high - low) * (i / format.Samples) / Math.Max(1, format.Pixels - 1));
            var value = isSmooth ? ramp : random.Next(10) switch { 0 => low, 1 => high, 2 => random.Next(low, high), _ => Math.Clamp(ramp + random.Next(-3, 4), low, high) };
            Samples.Write(cells, i, format.BytesPerSample, value);
        }

        return cells;
    }
}
