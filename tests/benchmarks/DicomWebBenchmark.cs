using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>A DICOMweb service to measure.</summary>
/// <param name="Url">Its root, for example <c>https://127.0.0.1:8443/dicomweb</c>.</param>
/// <param name="Token">Bearer token, or null.</param>
/// <param name="Authority">PEM file of the authority to trust, or null for those of the system.</param>
internal sealed record DicomWebServer(Uri Url, string? Token, string? Authority)
{
    /// <summary>A client with one connection, as one of several users has.</summary>
    public HttpClient Connect()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 1, AutomaticDecompression = DecompressionMethods.None };
        if (Authority is not null)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(Authority);
        }

        var client = new HttpClient(handler) { BaseAddress = new Uri(Url.ToString().TrimEnd('/') + "/"), Timeout = TimeSpan.FromMinutes(10) };
        if (Token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        }

        return client;
    }
}

/// <summary>
/// Any DICOMweb service from outside: storing, searching and retrieving a CT-like series of 512 x 512 slices. With a second
/// service the same is asked of both in turn, and the ratios are printed.
///   dotnet run -c Release --project tests/benchmarks -- dicomweb --base URL [--token T] [--cacert PEM] [--peer URL] [--slices 500] [--runs 3] [--connections 1,4,8]
/// </summary>
internal static class DicomWebBenchmark
{
    private const string Multipart = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    private const string Frames = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
    private const string Json = "application/dicom+json";

    public static async Task RunAsync(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
        var ours = new DicomWebServer(new Uri(Option("--base") ?? throw new ArgumentException("--base URL is missing")), Option("--token"), Option("--cacert"));
        var peer = Option("--peer") is { } url ? new DicomWebServer(new Uri(url), null, null) : null;
        var slices = int.Parse(Option("--slices") ?? "500", CultureInfo.InvariantCulture);
        var runs = int.Parse(Option("--runs") ?? "3", CultureInfo.InvariantCulture);
        foreach (var connections in (Option("--connections") ?? "1,4,8").Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture)))
        {
            Dictionary<string, List<double>> left = [], right = [];
            for (var run = 0; run < runs; run++)
            {
                await MeasureAsync(ours, connections, slices, left);
                if (peer is not null)
                {
                    await MeasureAsync(peer, connections, slices, right);
                }
            }

            Print(connections, left, right);
        }
    }

    private static void Print(int connections, Dictionary<string, List<double>> left, Dictionary<string, List<double>> right)
    {
        Console.WriteLine($"connections: {connections}");
        foreach (var (name, values) in left)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"  {name,-44} {Report.Median(values),10:0.00}");
            if (right.TryGetValue(name, out var other))
            {
                // Larger is better, whatever the unit.
                var ratio = name.EndsWith("MB/s", StringComparison.Ordinal) ? Report.Median(values) / Report.Median(other) : Report.Median(other) / Report.Median(values);
                line += string.Create(CultureInfo.InvariantCulture, $"   peer {Report.Median(other),10:0.00}   {ratio,7:0.00} x");
            }

            Console.WriteLine(line);
        }
    }

    private static async Task MeasureAsync(DicomWebServer server, int connections, int slices, Dictionary<string, List<double>> figures)
    {
        void Note(string name, double value) => (figures.TryGetValue(name, out var list) ? list : figures[name] = []).Add(value);
        var clients = Enumerable.Range(0, connections).Select(_ => server.Connect()).ToList();
        try
        {
            // 1. Storing.
            var ten = new SyntheticSeries(slices, 512, 512);
            var bytes = ten.Files.Sum(f => (long)f.Length);
            Note("STOW-RS, 10 instances a request, MB/s", await Report.SpeedAsync(bytes, () => StoreAsync(clients, ten.Files, 10)));
            var series = $"studies/{ten.StudyInstanceUid}/series/{ten.SeriesInstanceUid}";
            Note("first frame after it, ms", await TimeAsync(clients[0], $"{series}/instances/{ten.SopInstanceUids[slices / 2]}/frames/1", Frames));
            var one = new SyntheticSeries(slices, 512, 512);
            Note("STOW-RS, 1 instance a request, MB/s", await Report.SpeedAsync(bytes, () => StoreAsync(clients, one.Files, 1)));

            // 2. Metadata and search.
            Note("series metadata, gzip, ms", await MedianAsync(3, () => TimeAsync(clients[0], series + "/metadata", Json, "gzip")));
            Note("series metadata, identity, ms", await MedianAsync(3, () => TimeAsync(clients[0], series + "/metadata", Json)));
            Note("QIDO-RS studies, ms", await LatencyAsync(clients, 40, "studies?limit=101"));
            Note("QIDO-RS studies by a wildcard, ms", await LatencyAsync(clients, 40, "studies?limit=101&PatientName=" + Uri.EscapeDataString(ten.PatientName[..12]) + "*"));
            Note("QIDO-RS instances of the series, ms", await LatencyAsync(clients, 4, series + "/instances"));

            // 3. Pixels.
            var frames = ten.SopInstanceUids.Select(uid => $"{series}/instances/{uid}/frames/1").ToList();
            var pixels = slices * 512L * 512 * 2;
            Note("frames, one request each, MB/s", await Report.SpeedAsync(pixels, () => GetAllAsync(clients, frames, null)));
            Note("frames, gzip accepted (40 of them), MB/s", await Report.SpeedAsync(40 * 512L * 512 * 2, () => GetAllAsync(clients, frames[..Math.Min(40, slices)], "gzip")));
            Note("whole series, one stream, MB/s", await Report.SpeedAsync(bytes, () => TimeAsync(clients[0], series, Multipart)));
            if (connections > 1)
            {
                Note($"whole series, {connections} streams, MB/s", await Report.SpeedAsync(bytes * connections, () => Task.WhenAll(clients.Select(c => TimeAsync(c, series, Multipart)))));
            }
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    private static Task StoreAsync(List<HttpClient> clients, IReadOnlyList<byte[]> files, int batch)
    {
        var batches = files.Chunk(batch).ToList();
        return EachAsync(clients, batches.Count, async (client, i) =>
        {
            using var content = new MultipartContent("related", "benchmark");
            content.Headers.Remove("Content-Type");
            content.Headers.TryAddWithoutValidation("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=benchmark");
            foreach (var file in batches[i])
            {
                var part = new ByteArrayContent(file);
                part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
                content.Add(part);
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, "studies") { Content = content };
            request.Headers.TryAddWithoutValidation("Accept", Json);
            using var response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
            await response.Content.CopyToAsync(Stream.Null);
        });
    }

    private static Task GetAllAsync(List<HttpClient> clients, List<string> paths, string? encoding) =>
        EachAsync(clients, paths.Count, (client, i) => TimeAsync(client, paths[i], Frames, encoding));

    /// <summary>Does numbered pieces of work, each client taking the next one when it has done its last.</summary>
    private static Task EachAsync(List<HttpClient> clients, int count, Func<HttpClient, int, Task> work)
    {
        var next = -1;
        return Task.WhenAll(clients.Select(client => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                await work(client, i);
            }
        })));
    }

    private static async Task<double> LatencyAsync(List<HttpClient> clients, int requests, string path)
    {
        var times = new System.Collections.Concurrent.ConcurrentBag<double>();
        await EachAsync(clients, requests * clients.Count, async (client, _) => times.Add(await TimeAsync(client, path, Json)));
        return Report.Median(times);
    }

    private static async Task<double> MedianAsync(int count, Func<Task<double>> measure)
    {
        var times = new List<double>();
        for (var i = 0; i < count; i++)
        {
            times.Add(await measure());
        }

        return Report.Median(times);
    }

    /// <summary>One request to its last byte, in milliseconds.</summary>
    private static async Task<double> TimeAsync(HttpClient client, string path, string accept, string? encoding = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (encoding is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        }

        var clock = Stopwatch.StartNew();
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await response.Content.CopyToAsync(Stream.Null);
        return clock.Elapsed.TotalMilliseconds;
    }
}
