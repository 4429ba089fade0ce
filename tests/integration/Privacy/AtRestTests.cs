using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Privacy;

[Collection(MeshCollection.Name)]
public sealed class AtRestTests(MeshFixture mesh)
{
    [Fact]
    public async Task Neither_the_patient_nor_the_pixels_stand_in_clear_in_any_file_of_the_mesh()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var doctor = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 4);
        await doctor.UploadAsync(series.Files);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var job = await doctor.EndOfAsync(await doctor.RunAsync(model.Name, series));
        Assert.Equal(Job.Types.State.Succeeded, job.State);

        // Searches and errors are where names reach logs.
        using var http = doctor.Http();
        await http.GetStringAsync(new Uri($"/dicomweb/studies?PatientName={Uri.EscapeDataString(series.PatientName)}", UriKind.Relative));
        await http.GetAsync(new Uri($"/dicomweb/studies?PatientID={series.PatientId}&StudyDate=nonsense", UriKind.Relative));

        var needles = new Needles(series);
        var control = Path.Combine(mesh.Data, "log", "control-" + Guid.NewGuid().ToString("n"));
        await File.WriteAllBytesAsync(control, series.Files[series.Files.Count / 2]);
        try
        {
            // The search itself works: it finds what was put there on purpose.
            Assert.Equal(needles.Count, needles.FindIn([control]).Select(f => f.What).Distinct().Count());
        }
        finally
        {
            File.Delete(control);
        }

        var files = mesh.StoredFiles().ToList();
        Assert.True(files.Count > 50);
        Assert.Empty(needles.FindIn(files));
        Assert.Empty(needles.FindIn(await mesh.DumpDatabaseAsync()));
    }
}
