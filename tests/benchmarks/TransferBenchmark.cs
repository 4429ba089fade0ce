using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>Upload and retrieval of a series, durable and sealed, against one bare TLS hop and a synced plain copy.</summary>
internal static class TransferBenchmark
{
    public static async Task<IReadOnlyList<Line>> RunAsync(MeshFixture mesh, TestUser user, TlsPipe pipe, int slices, int runs)
    {
        List<double> upload = [], store = [], series = [], wado = [], tls = [], copy = [];
        for (var run = 0; run <= runs; run++)
        {
            var images = new SyntheticSeries(slices: slices, rows: 512, columns: 512);
            var bytes = images.Files.Sum(f => (long)f.Length);
            using var http = user.Http();
            var stow = new SyntheticSeries(slices: slices, rows: 512, columns: 512);
            double[] speeds =
            [
                await Report.SpeedAsync(bytes, () => user.UploadAsync(images.Files)),
                await Report.SpeedAsync(bytes, () => StoreAsync(http, stow.Files)),
                await Report.SpeedAsync(bytes, () => DrainAsync(user, images)),
                await Report.SpeedAsync(bytes, () => DrainAsync(http, images)),
                await Report.SpeedAsync(bytes, () => pipe.SendAsync(images.Files)),
                await Report.SpeedAsync(bytes, () => CopyAsync(images.Files)),
            ];
            if (run > 0)
            {
                foreach (var (list, speed) in new[] { upload, store, series, wado, tls, copy }.Zip(speeds))
                {
                    list.Add(speed);
                }
            }
        }

        const string hop = "one bare TLS hop";
        return
        [
            new Line("upload over gRPC (sealed, synced)", Report.Median(upload), "MB/s", "plain file, synced", Report.Median(copy)),
            new Line("upload over gRPC (sealed, synced)", Report.Median(upload), "MB/s", hop, Report.Median(tls)),
            new Line("STOW-RS (sealed, synced)", Report.Median(store), "MB/s", hop, Report.Median(tls)),
            new Line("RetrieveSeries over gRPC", Report.Median(series), "MB/s", hop, Report.Median(tls)),
            new Line("WADO-RS series", Report.Median(wado), "MB/s", hop, Report.Median(tls)),
        ];
    }

    private static async Task StoreAsync(HttpClient http, IEnumerable<byte[]> files)
    {
        using var content = new MultipartContent("related", "benchmark");
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=benchmark");
        foreach (var file in files)
        {
            var part = new ByteArrayContent(file);
            part.Headers.ContentType = new("application/dicom");
            content.Add(part);
        }

        using var response = await http.PostAsync(new Uri("/dicomweb/studies", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    private static async Task DrainAsync(TestUser user, SyntheticSeries series)
    {
        using var call = user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers);
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
        }
    }

    private static async Task DrainAsync(HttpClient http, SyntheticSeries series)
    {
        var path = $"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}";
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await response.Content.CopyToAsync(Stream.Null);
    }

    /// <summary>What durability alone costs: one plain file, synced once.</summary>
    private static async Task CopyAsync(IEnumerable<byte[]> files)
    {
        var path = Path.Combine(Path.GetTempPath(), "mcc-bench-" + Guid.NewGuid().ToString("n"));
        await using (var copy = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous | FileOptions.DeleteOnClose))
        {
            foreach (var file in files)
            {
                await copy.WriteAsync(file);
            }

            copy.Flush(flushToDisk: true);
        }
    }
}
