using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom.Tests;
using MedCloudCare.Inference.V1;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>Real series go the whole way: in, back, described, and segmented by a model.</summary>
[Collection(MeshCollection.Name)]
public sealed class RealSeriesTests(MeshFixture mesh)
{
    private const string Absent = "The optional test data are not there (MCC_TEST_DATA).";

    [SkippableFact]
    public async Task A_sagittal_MR_series_of_a_scanner_is_kept_described_and_segmented()
    {
        Skip.If(Checkout.TestData is null, Absent);
        await GoesTheWholeWayAsync(Directory.GetFiles(Path.Combine(Checkout.TestData!, "mr-t1-sag"), "*.dcm"), expected: 35);
    }

    [SkippableFact]
    public async Task A_T1_brain_volume_is_kept_described_and_segmented()
    {
        Skip.If(Checkout.TestData is null, Absent);
        Skip.IfNot(await Programs.HasPythonModuleAsync("nibabel"), "Debian's python3-nibabel is not installed.");
        var folder = Directory.CreateTempSubdirectory("mcc-t1-");
        try
        {
            (await Programs.RunAsync(Programs.Python,
            [
                Path.Combine(Checkout.TestData!, "make_series.py"), "nifti", Path.Combine(Checkout.TestData!, "t1-brain", "t1.nii.gz"), folder.FullName,
                "--patient", "Sample^Brain", "--id", "MR-" + Guid.NewGuid().ToString("n")[..8],
            ])).EnsureSuccess();
            await GoesTheWholeWayAsync(Directory.GetFiles(folder.FullName, "*.dcm"), expected: 256);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task GoesTheWholeWayAsync(string[] paths, int expected)
    {
        var doctor = await mesh.NewUserAsync(Role.HealthProfessional);
        var sent = paths.Select(File.ReadAllBytes).ToList();
        var results = (await doctor.UploadAsync(sent)).Results;
        Assert.Equal(expected, results.Count);
        Assert.All(results, r => Assert.Equal(Outcome.Stored, r.Outcome));
        var (study, series) = (results[0].StudyInstanceUid, results[0].SeriesInstanceUid);

        var back = await doctor.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series }, doctor.Headers).FilesAsync();
        Assert.Equal(expected, back.Count);
        Assert.All(results.Zip(sent), p => Assert.True(p.Second.AsSpan().SequenceEqual(back[p.First.SopInstanceUid])));
        await AssertDescribedAsync(doctor, paths, study, series);

        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var job = await doctor.EndOfAsync(await doctor.Jobs.RunInferenceAsync(
            new RunInferenceRequest { Model = model.Name, SeriesInstanceUid = series, StudyInstanceUid = study }, doctor.Headers));
        Assert.True(job.State == Job.Types.State.Succeeded, $"{job.State}: {job.Error?.Reason} {job.Error?.Message}\n{mesh.Logs()}");
        var segmentation = Assert.Single(await doctor.Studies.RetrieveSeries(
            new RetrieveSeriesRequest { SeriesInstanceUid = job.Result.SeriesInstanceUid }, doctor.Headers).FilesAsync()).Value;
        await AssertSegmentedAsync(segmentation, paths);
    }

    private static async Task AssertDescribedAsync(TestUser doctor, string[] paths, string study, string series)
    {
        using var client = new DicomWebClient(doctor);
        var answer = await client.GetAsync($"studies/{study}/series/{series}/metadata", "application/dicom+json");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var metadata = answer.Json.EnumerateArray().ToDictionary(i => i.First("00080018")!);
        var differences = new List<string>();
        foreach (var (path, reference) in paths.Zip(PydicomReference.Describe(paths)))
        {
            var expected = reference.GetProperty("json");
            var bulk = new Dictionary<string, byte[]>();
            foreach (var (uri, _) in BulkData.Of(metadata[expected.First("00080018")!]))
            {
                bulk.Add(uri, (await client.GetAsync(uri, "application/octet-stream")).Body);
            }

            var comparison = new JsonComparison(uri => bulk[uri]);
            comparison.Compare(metadata[expected.First("00080018")!], expected);
            differences.AddRange(comparison.Differences.Select(d => $"{Path.GetFileName(path)} {d}"));
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static async Task AssertSegmentedAsync(byte[] segmentation, string[] paths)
    {
        var folder = Directory.CreateTempSubdirectory("mcc-seg-");
        try
        {
            var file = Path.Combine(folder.FullName, "seg.dcm");
            await File.WriteAllBytesAsync(file, segmentation);
            foreach (var (path, i) in paths.Select((p, i) => (p, i)))
            {
                File.CreateSymbolicLink(Path.Combine(folder.FullName, $"source-{i}.dcm"), Path.GetFullPath(path));
            }

            (await Programs.RunAsync(Programs.Python, [Path.Combine(AppContext.BaseDirectory, "Inference", "check_threshold.py"), file, folder.FullName])).EnsureSuccess();
            var verdict = await Programs.RunAsync("dciodvfy", [file]);
            Assert.DoesNotContain("Error", verdict.Output + verdict.Error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
