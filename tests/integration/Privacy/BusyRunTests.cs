using System.Text;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Inference.V1;
using MedCloudCare.IntegrationTests.Studies;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Privacy;

/// <summary>A mesh that sends its traces and metrics to a collector.</summary>
public sealed class TracedMesh : MeshFixture
{
    private TraceCollector? collector;

    internal TraceCollector Collector => collector!;

    protected override IEnumerable<string> UpArguments => ["--otlp", Collector.Address.ToString()];

    public override async Task InitializeAsync()
    {
        collector = await TraceCollector.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Collector.DisposeAsync();
    }
}

/// <summary>Everything that a mesh writes or tells in a busy run, searched for everything that says who the patient is.</summary>
public sealed class BusyRunTests(TracedMesh mesh) : IClassFixture<TracedMesh>
{
    private static readonly string[] Processes = ["auth", "study", "sharing", "model", "inference", "gateway"];

    [Fact]
    public async Task Nothing_of_the_patient_stands_in_clear_in_database_store_keys_logs_traces_or_metrics()
    {
        var patient = new IdentifyingPatient();
        var series = patient.Series(slices: 4);
        var needles = patient.Needles(series);
        await WorkAsync(patient, series);

        // The search itself works: it finds what was put there on purpose.
        var control = Path.Combine(mesh.Data, "log", "control-" + Guid.NewGuid().ToString("n"));
        await File.WriteAllBytesAsync(control, series.Files[series.Files.Count / 2]);
        try
        {
            Assert.Equal(needles.Count, needles.FindIn([control]).Select(f => f.What).Distinct().Count());
        }
        finally
        {
            File.Delete(control);
        }

        var files = mesh.StoredFiles().ToList();
        Assert.True(files.Count > 50);
        List<Leak> leaks = [.. needles.FindIn(files), .. needles.FindIn(await mesh.DumpDatabaseAsync(), "pg_dump")];
        foreach (var process in Processes)
        {
            leaks.AddRange(needles.FindIn(await MetricsAsync(process), "metrics of " + process));
        }

        await Eventually.TrueAsync("traces", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(mesh.Collector.Traces > 10 && new[] { "medcloudcare-study", "/dicomweb/studies" }.All(text => mesh.Collector.Received.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0)));
        (await mesh.RunAsync(["down"])).EnsureSuccess();
        leaks.AddRange(needles.FindIn(mesh.Collector.Received, "traces"));
        Assert.Empty(leaks);
    }

    private async Task WorkAsync(IdentifyingPatient patient, SyntheticSeries series)
    {
        var doctor = await mesh.NewUserAsync(Role.HealthProfessional);
        var colleague = await mesh.NewUserAsync(Role.HealthProfessional);
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        await doctor.UploadAsync(series.Files);
        var study = (await doctor.Studies.ListStudiesAsync(
            new ListStudiesRequest { PatientName = patient[DicomTags.PatientName], PatientId = patient[DicomTags.PatientID] }, doctor.Headers)).Studies.Single();
        await doctor.Sharing.CreateGrantAsync(new CreateGrantRequest { Resource = study.Name, Grantee = colleague.Name, Permission = Permission.View }, doctor.Headers);

        await JobsAsync(doctor, researcher, series);
        using var http = doctor.Http();
        await SearchAsync(http, patient);
        await RetrieveAsync(http, series);
        await StoreAsync(http, patient);
        await FailAsync(doctor, series, patient);
        using (var line = await CommandLine.LoginAsync(mesh, doctor))
        {
            (await line.RunAsync(["studies", "--patient-name", patient[DicomTags.PatientName]])).EnsureSuccess();
        }

        // One study of this patient is deleted; the other stays.
        var deleted = patient.Series(slices: 2);
        await doctor.UploadAsync(deleted.Files);
        var name = (await doctor.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = deleted.StudyInstanceUid }, doctor.Headers)).Studies.Single().Name;
        await doctor.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = name }, doctor.Headers);
    }

    /// <summary>A job that succeeds, and one whose model says what it read.</summary>
    private static async Task JobsAsync(TestUser doctor, TestUser researcher, SyntheticSeries series)
    {
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        Assert.Equal(Job.Types.State.Succeeded, (await doctor.EndOfAsync(await doctor.RunAsync(model.Name, series))).State);
        var failing = (await researcher.PublishAsync(TestModels.Segmenting("raise ValueError('cannot segment this')"))).Model;
        Assert.Equal(Job.Types.State.Failed, (await doctor.EndOfAsync(await doctor.RunAsync(failing.Name, series))).State);
    }

    private static async Task SearchAsync(HttpClient http, IdentifyingPatient patient)
    {
        foreach (var level in new[] { "studies", "series", "instances" })
        {
            foreach (var (tag, value) in patient.Values)
            {
                using var answer = await http.GetAsync(new Uri($"/dicomweb/{level}?{tag}={Uri.EscapeDataString(value)}&includefield=all", UriKind.Relative));
            }

            using var malformed = await http.GetAsync(new Uri(
                $"/dicomweb/{level}?PatientID={patient[DicomTags.PatientID]}&StudyDate={Uri.EscapeDataString(patient[DicomTags.PatientName])}", UriKind.Relative));
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, malformed.StatusCode);
        }

        using var list = await http.GetAsync(new Uri($"/v1/studies?patientName={Uri.EscapeDataString(patient[DicomTags.PatientName])}", UriKind.Relative));
        list.EnsureSuccessStatusCode();
        using var wrong = await http.GetAsync(new Uri($"/v1/studies?studyDate={Uri.EscapeDataString(patient[DicomTags.PatientName])}", UriKind.Relative));
        Assert.False(wrong.IsSuccessStatusCode);
    }

    private static async Task RetrieveAsync(HttpClient http, SyntheticSeries series)
    {
        var path = $"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}";
        foreach (var resource in new[] { "", "/metadata", $"/instances/{series.SopInstanceUids[0]}", $"/instances/{series.SopInstanceUids[0]}/rendered", $"/instances/{series.SopInstanceUids[0]}/frames/1" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path + resource, UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Accept", "*/*");
            using var answer = await http.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
        }
    }

    /// <summary>STOW-RS: good files, the same again, other bytes under the same UIDs, and broken ones.</summary>
    private static async Task StoreAsync(HttpClient http, IdentifyingPatient patient)
    {
        var series = patient.Series(slices: 2);
        var changed = (byte[])series.Files[0].Clone();
        changed[^1] ^= 1;
        foreach (var files in new[] { series.Files, series.Files, [changed], [series.Files[0][..^50], series.Files[0][200..]] })
        {
            using var body = new MultipartContent("related");
            body.Headers.ContentType!.Parameters.Add(new("type", "\"application/dicom\""));
            foreach (var file in files)
            {
                body.Add(new ByteArrayContent(file) { Headers = { { "Content-Type", "application/dicom" } } });
            }

            using var answer = await http.PostAsync(new Uri("/dicomweb/studies", UriKind.Relative), body);
            await answer.Content.ReadAsByteArrayAsync();
        }
    }

    /// <summary>Errors of many kinds, with the patient's values wherever a value can be put.</summary>
    private static async Task FailAsync(TestUser doctor, SyntheticSeries series, IdentifyingPatient patient)
    {
        var name = patient[DicomTags.PatientName];
        await RefusedAsync(() => doctor.Studies.GetStudyAsync(new GetStudyRequest { Name = "studies/" + patient[DicomTags.PatientID] }, doctor.Headers).ResponseAsync);
        await RefusedAsync(() => doctor.Studies.ListStudiesAsync(new ListStudiesRequest { OrderBy = name, PatientName = name }, doctor.Headers).ResponseAsync);
        await RefusedAsync(() => doctor.Studies.ListStudiesAsync(new ListStudiesRequest { PageToken = name, PatientName = name }, doctor.Headers).ResponseAsync);
        var search = new SearchRequest { Level = SearchRequest.Types.Level.Study, Matches = { new SearchRequest.Types.Match { Attribute = "PatientBirthDate", Value = name } } };
        await RefusedAsync(() => doctor.Studies.Search(search, doctor.Headers).ResponseStream.MoveNext(CancellationToken.None));
        await RefusedAsync(() => doctor.Jobs.RunInferenceAsync(
            new RunInferenceRequest { Model = "models/" + Guid.NewGuid(), SeriesInstanceUid = series.SeriesInstanceUid }, doctor.Headers).ResponseAsync);
        await doctor.UploadAsync([series.Files[0][..^2000], Encoding.UTF8.GetBytes(name + name + name)]);
    }

    private static Task<RpcException> RefusedAsync(Func<Task> call) => Assert.ThrowsAsync<RpcException>(call);

    private async Task<byte[]> MetricsAsync(string process)
    {
        using var certificates = MeshCertificates.Load(Path.Combine(mesh.Data, "pki"), "operator");
        using var client = new HttpClient(MeshChannels.Handler(certificates, process)) { BaseAddress = new Uri(mesh.AddressOf(process)) };
        return await client.GetByteArrayAsync(new Uri("/metrics", UriKind.Relative));
    }
}
