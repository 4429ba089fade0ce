using System.Diagnostics;
using MedCloudCare.Codecs;
using MedCloudCare.Gateway.Pixels;
using Microsoft.Extensions.Logging.Abstractions;

namespace MedCloudCare.Benchmarks;

/// <summary>Recoding a frame in the sandboxed process against the same call within this one.</summary>
internal static class CodecBenchmark
{
    private const int Frames = 30;

    private static readonly FrameFormat Format = new()
    {
        Rows = 512, Columns = 512, Samples = 1, BitsAllocated = 16, BitsStored = 12, HighBit = 11, Photometric = Photometric.Monochrome2,
    };

    public static async Task<IReadOnlyList<Line>> RunAsync(int runs)
    {
        await using var codec = new PixelCodec(new CodecOptions { Processes = 1 }, Path.GetTempPath(), NullLogger<PixelCodec>.Instance);
        var cells = Slice();
        var lines = new List<Line>();
        foreach (var coding in (PixelCoding[])[PixelCoding.Rle, PixelCoding.JpegLossless, PixelCoding.JpegLs, PixelCoding.Jpeg2000])
        {
            var encoding = new CodecRequest { Format = Format, From = PixelCoding.Native, To = coding };
            var decoding = encoding with { From = coding, To = PixelCoding.Native };
            var frame = Recoder.Recode(encoding, cells).Bytes;
            lines.Add(await CompareAsync($"decode {coding}", codec, decoding, frame, runs));
            lines.Add(await CompareAsync($"encode {coding}", codec, encoding, cells, runs));
        }

        return lines;
    }

    private static async Task<Line> CompareAsync(string name, PixelCodec codec, CodecRequest request, byte[] frame, int runs)
    {
        var (sandboxed, inside) = (new List<double>(), new List<double>());
        for (var run = 0; run <= runs; run++)
        {
            var apart = await SpeedAsync(() => codec.RecodeAsync(request, frame, CancellationToken.None));
            var here = await SpeedAsync(() => Task.FromResult(Recoder.Recode(request, frame)));
            if (run == 0) continue;
            sandboxed.Add(apart);
            inside.Add(here);
        }

        return new Line(name, Report.Median(sandboxed), "MB/s", "in this process", Report.Median(inside));
    }

    /// <summary>Megabytes of decoded pixels a second.</summary>
    private static async Task<double> SpeedAsync(Func<Task<CodecResponse>> call)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Frames; i++) await call();
        return Frames * Format.DecodedBytes / 1e6 / clock.Elapsed.TotalSeconds;
    }

    /// <summary>A disc with noise on a dark ground, as a slice of CT has it.</summary>
    private static byte[] Slice()
    {
        var (random, cells) = (new Random(1), new byte[Format.DecodedBytes]);
        for (var i = 0; i < Format.Pixels; i++)
        {
            var (x, y) = ((i % 512) - 256, (i / 512) - 256);
            var value = (x * x) + (y * y) < 200 * 200 ? 1000 + (x / 4) + random.Next(40) : random.Next(12);
            BitConverter.TryWriteBytes(cells.AsSpan(2 * i), (ushort)value);
        }

        return cells;
    }
}
