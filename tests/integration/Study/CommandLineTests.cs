using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Studies;

[Collection(MeshCollection.Name)]
public sealed class CommandLineTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_directory_is_uploaded_and_the_series_comes_back_byte_for_byte()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 4);
        using var line = await CommandLine.LoginAsync(mesh, user);
        var (source, target) = (line.Folder("in"), line.Folder("out"));
        for (var i = 0; i < series.Files.Count; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(source, $"{i % 2}")).FullName, $"{i}.dcm"), series.Files[i]);
        }

        var report = await line.JsonAsync("upload", source);
        Assert.Equal((4, 0, 0), Outcomes(report));
        Assert.Equal(series.SeriesInstanceUid, Assert.Single(report.GetProperty("series").EnumerateArray()).GetProperty("seriesInstanceUid").GetString());
        Assert.Equal((0, 4, 0), Outcomes(await line.JsonAsync("upload", source)));

        (await line.RunAsync(["retrieve", "--series", series.SeriesInstanceUid, "--out", target])).EnsureSuccess();
        var files = Directory.GetFiles(target).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(series.SopInstanceUids.Select((uid, i) => $"{i + 1:D5}-{uid}.dcm"), files.Select(f => Path.GetFileName(f)));
        Assert.Equal(series.Files, files.Select(File.ReadAllBytes));
    }

    [Fact]
    public async Task An_upload_goes_on_where_an_earlier_one_stopped()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 3);
        using var line = await CommandLine.LoginAsync(mesh, user);
        var source = line.Folder("in");
        for (var i = 0; i < 3; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(source, $"{i}.dcm"), series.Files[i]);
        }

        var upload = await user.Studies.CreateUploadAsync(new CreateUploadRequest(), user.Headers);
        await user.UploadAsync(upload.Name, 0, series.Files.Take(2));
        var report = await line.JsonAsync("upload", source, "--upload", upload.Name);
        Assert.Equal((1, 0, 0), Outcomes(report));
        Assert.Equal("3", report.GetProperty("totals").GetProperty("storedInstances").ToString());
    }

    [Fact]
    public async Task Refused_files_are_named_with_their_reason_and_set_the_exit_code()
    {
        using var line = await CommandLine.LoginAsync(mesh, await mesh.NewUserAsync(Role.Researcher));
        var source = line.Folder("in");
        await File.WriteAllTextAsync(Path.Combine(source, "letter.txt"), new string('x', 2000));
        await File.WriteAllBytesAsync(Path.Combine(source, "good.dcm"), new SyntheticSeries(slices: 1).Files[0]);
        var result = await line.RunAsync(["upload", source, "--json"]);
        Assert.Equal(1, result.ExitCode);
        var report = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal((1, 0, 1), Outcomes(report));
        var refused = Assert.Single(report.GetProperty("refusedFiles").EnumerateArray());
        Assert.Equal((Path.Combine(source, "letter.txt"), "DICOM_NOT_RECOGNISED"), (refused.GetProperty("file").GetString(), refused.GetProperty("reason").GetString()));

        var unknown = await line.RunAsync(["retrieve", "--series", "1.2.3.4", "--out", line.Folder("out")]);
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("NOT_FOUND", unknown.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(line.Folder("out")));
    }

    private static (int Stored, int Duplicates, int Refused) Outcomes(JsonElement report) =>
        (report.GetProperty("stored").GetInt32(), report.GetProperty("duplicates").GetInt32(), report.GetProperty("refused").GetInt32());
}
