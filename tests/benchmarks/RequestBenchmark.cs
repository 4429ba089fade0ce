using System.Diagnostics;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>Latency of the viewer's requests against the smallest request that the gateway answers by itself.</summary>
internal static class RequestBenchmark
{
    private const int Requests = 200;

    public static async Task<IReadOnlyList<Line>> RunAsync(MeshFixture mesh, TestUser user, int slices)
    {
        var images = new SyntheticSeries(slices: slices, rows: 512, columns: 512);
        await user.UploadAsync(images.Files);
        using var http = user.Http();
        var study = $"/dicomweb/studies/{images.StudyInstanceUid}";
        var series = $"{study}/series/{images.SeriesInstanceUid}";
        var smallest = await LatencyAsync(http, _ => "/app-config.js");
        const string name = "a static file";
        return
        [
            new Line("GET frame, one after the other", await LatencyAsync(http, i => $"{series}/instances/{images.SopInstanceUids[i % slices]}/frames/1"), "ms", name, smallest),
            new Line("GET studies (QIDO-RS)", await LatencyAsync(http, _ => "/dicomweb/studies?limit=101"), "ms", name, smallest),
            new Line("GET series of a study (QIDO-RS)", await LatencyAsync(http, _ => study + "/series"), "ms", name, smallest),
            new Line("GET metadata of the series", await LatencyAsync(http, _ => series + "/metadata", 20), "ms", name, smallest),
        ];
    }

    private static async Task<double> LatencyAsync(HttpClient http, Func<int, string> path, int requests = Requests)
    {
        var times = new List<double>();
        for (var i = 0; i < requests + requests / 10; i++)
        {
            var clock = Stopwatch.StartNew();
            using var response = await http.GetAsync(new Uri(path(i), UriKind.Relative));
            response.EnsureSuccessStatusCode();
            await response.Content.CopyToAsync(Stream.Null);
            if (i >= requests / 10)
            {
                times.Add(clock.Elapsed.TotalMilliseconds);
            }
        }

        return Report.Median(times);
    }
}
