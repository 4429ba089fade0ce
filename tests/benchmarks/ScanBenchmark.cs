using System.Diagnostics;
using System.Security.Cryptography;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>Reading files as upload does, in chunks of 64 KiB, against hashing the same bytes.</summary>
internal static class ScanBenchmark
{
    private const int Chunk = 64 * 1024;

    public static IEnumerable<Line> Run(int slices, int runs)
    {
        var files = new SyntheticSeries(slices: Math.Min(slices, 100), rows: 512, columns: 512).Files;
        var bytes = files.Sum(f => (long)f.Length);
        var scan = new List<double>();
        var hash = new List<double>();
        long allocated = 0;
        for (var run = 0; run <= runs; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var scanned = Speed(bytes, () => Scan(files));
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            var hashed = Speed(bytes, () => files.ToList().ForEach(f => SHA256.HashData(f)));

            // The first run warms the code up.
            if (run > 0)
            {
                scan.Add(scanned);
                hash.Add(hashed);
            }
        }

        yield return new Line("scan DICOM (identify, JSON, frame index)", Report.Median(scan), "MB/s", "SHA-256 of the same bytes", Report.Median(hash));
        yield return new Line("allocated while scanning", allocated / (double)files.Count / 1024, "KiB/f", "size of a file in KiB", bytes / (double)files.Count / 1024);
    }

    private static void Scan(IReadOnlyList<byte[]> files)
    {
        foreach (var file in files)
        {
            using var scanner = new DicomInstanceScanner(null, file.Length);
            for (var offset = 0; offset < file.Length; offset += Chunk)
            {
                scanner.Write(file.AsSpan(offset, Math.Min(Chunk, file.Length - offset)));
            }

            scanner.Complete();
        }
    }

    private static double Speed(long bytes, Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return bytes / 1e6 / clock.Elapsed.TotalSeconds;
    }
}
