using System.Diagnostics;
using System.Globalization;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Privacy;

[Collection(MeshCollection.Name)]
public sealed class InTransitTests(MeshFixture mesh)
{
    [SkippableFact]
    public async Task No_hop_between_services_is_in_clear()
    {
        Skip.IfNot(Programs.Has("tcpdump"), "tcpdump is not installed");
        Skip.IfNot(Environment.UserName == "root", "capturing packets needs root");
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var series = new SyntheticSeries(slices: 4);
        var needles = new Needles(series);
        var port = mesh.Http.Port.ToString(CultureInfo.InvariantCulture);

        var capture = await CaptureAsync($"tcp and not port {port}", async () =>
        {
            await researcher.UploadAsync(series.Files);
            var job = await researcher.EndOfAsync(await researcher.RunAsync(model.Name, series));
            Assert.Equal(Job.Types.State.Succeeded, job.State);
            await researcher.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = series.StudyInstanceUid }, researcher.Headers).FilesAsync();
        });
        Assert.True(capture.Length > series.Files.Sum(f => f.Length), "the capture is too small to hold the upload");
        Assert.Empty(needles.FindIn(capture));
        Assert.True(capture.AsSpan().IndexOf("PRI * HTTP/2.0"u8) < 0, "there is HTTP/2 without TLS");
        Assert.True(capture.AsSpan().IndexOf("Bearer "u8) < 0, "a token crossed the wire in clear");

        // The method finds what is in clear: the browser's loopback port, which has no TLS by design.
        var control = await CaptureAsync($"tcp port {port}", async () =>
        {
            using var http = new HttpClient { BaseAddress = mesh.Http };
            http.DefaultRequestHeaders.Authorization = new("Bearer", researcher.Token);
            http.DefaultRequestHeaders.AcceptEncoding.Clear();
            Assert.Contains(series.PatientId, await http.GetStringAsync(new Uri("/dicomweb/studies", UriKind.Relative)), StringComparison.Ordinal);
        });
        Assert.Contains(needles.FindIn(control), l => l.What == "PatientID");
    }

    private static async Task<byte[]> CaptureAsync(string filter, Func<Task> traffic)
    {
        var file = Path.Combine(Path.GetTempPath(), "mcc-" + Guid.NewGuid().ToString("n") + ".pcap");
        using var tcpdump = Process.Start(new ProcessStartInfo("tcpdump", ["-i", "lo", "--immediate-mode", "-U", "-s", "0", "-Z", "root", "-B", "65536", "-w", file, filter]) { RedirectStandardError = true })!;
        try
        {
            // Its first line says that it listens.
            while (await tcpdump.StandardError.ReadLineAsync() is { } line && !line.Contains("listening on", StringComparison.Ordinal))
            {
            }

            await traffic();
            using var stop = Process.Start("kill", ["-INT", tcpdump.Id.ToString(CultureInfo.InvariantCulture)]);
            await tcpdump.StandardError.ReadToEndAsync();
            await tcpdump.WaitForExitAsync();
            return await File.ReadAllBytesAsync(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
