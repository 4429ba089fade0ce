using System.Net.Http.Headers;
using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>What a user does with the command line from the first upload to a shared result.</summary>
[Collection(MeshCollection.Name)]
public sealed class CommandVerbTests(MeshFixture mesh)
{
    private const string Form = """{ "displayName": "$NAME", "task": "segmentation", "modality": "MR", "visibility": "public" }""";

    [Fact]
    public async Task A_study_goes_from_its_upload_to_a_result_by_commands_alone()
    {
        var series = new SyntheticSeries(slices: 6);
        using var doctor = await CommandLine.LoginAsync(mesh, await mesh.NewUserAsync(Role.HealthProfessional));
        using var researcher = await CommandLine.LoginAsync(mesh, await mesh.NewUserAsync(Role.Researcher));
        await doctor.JsonAsync("upload", await SaveAsync(doctor, series));

        var study = Assert.Single((await doctor.JsonAsync("studies")).EnumerateArray());
        Assert.Equal(series.StudyInstanceUid, study.GetProperty("studyInstanceUid").GetString());
        Assert.Equal(series.PatientName, study.GetProperty("patientName").GetString());
        Assert.Single((await doctor.JsonAsync("studies", "--patient-name", "zephyr*")).EnumerateArray());
        Assert.Empty((await doctor.JsonAsync("studies", "--patient-name", "nobody*")).EnumerateArray());
        Assert.Contains(series.PatientId, (await doctor.RunAsync(["studies"])).EnsureSuccess().Output, StringComparison.Ordinal);

        var name = "Threshold " + Guid.NewGuid().ToString("n")[..8];
        var package = researcher.Folder("model");
        await File.WriteAllTextAsync(Path.Combine(package, "main.py"), TestModels.Threshold);
        await File.WriteAllTextAsync(Path.Combine(package, "model.json"), Form.Replace("$NAME", name, StringComparison.Ordinal));
        await researcher.JsonAsync("models", "publish", package);
        Assert.Contains((await doctor.JsonAsync("models", "list")).EnumerateArray(), m => m.GetProperty("form").GetProperty("displayName").GetString() == name);

        var job = await doctor.JsonAsync("infer", "--model", name, "--series", series.SeriesInstanceUid, "--wait");
        Assert.Equal("SUCCEEDED", job.GetProperty("state").GetString());
        Assert.Contains((await doctor.JsonAsync("jobs", "list")).EnumerateArray(), j => j.GetProperty("name").GetString() == job.GetProperty("name").GetString());
        var result = job.GetProperty("result").GetProperty("seriesInstanceUid").GetString()!;
        Assert.Contains((await doctor.JsonAsync("series", series.StudyInstanceUid)).EnumerateArray(), s => s.GetProperty("seriesInstanceUid").GetString() == result);
        var target = doctor.Folder("out");
        (await doctor.RunAsync(["retrieve", "--series", result, "--out", target])).EnsureSuccess();
        Assert.Single(Directory.GetFiles(target));
    }

    [Fact]
    public async Task A_study_is_shared_and_taken_back_by_commands()
    {
        var series = new SyntheticSeries(slices: 2);
        var reader = await mesh.NewUserAsync(Role.HealthProfessional);
        using var owner = await CommandLine.LoginAsync(mesh, await mesh.NewUserAsync(Role.HealthProfessional));
        using var colleague = await CommandLine.LoginAsync(mesh, reader);
        await owner.JsonAsync("upload", await SaveAsync(owner, series));
        Assert.Empty((await colleague.JsonAsync("studies")).EnumerateArray());

        var grant = await owner.JsonAsync("grants", "create", "--study", series.StudyInstanceUid, "--to", reader.Email);
        Assert.Single((await colleague.JsonAsync("studies")).EnumerateArray());
        Assert.Single((await colleague.JsonAsync("grants", "list", "--received")).EnumerateArray());
        Assert.Equal("PERMISSION_VIEW", Assert.Single((await owner.JsonAsync("grants", "list", "--study", series.StudyInstanceUid)).EnumerateArray()).GetProperty("permission").GetString());

        (await owner.RunAsync(["grants", "delete", grant.GetProperty("name").GetString()!])).EnsureSuccess();
        Assert.Empty((await colleague.JsonAsync("studies")).EnumerateArray());
        Assert.Empty((await owner.JsonAsync("grants", "list")).EnumerateArray());
    }

    [Fact]
    public async Task A_token_of_the_session_opens_the_REST_face_until_the_logout()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        using var line = await CommandLine.LoginAsync(mesh, user);
        var token = (await line.RunAsync(["token"])).EnsureSuccess().Output.Trim();
        using var client = mesh.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var me = JsonDocument.Parse(await client.GetStringAsync(new Uri("/v1/me", UriKind.Relative)));
        Assert.Equal(user.Name, me.RootElement.GetProperty("name").GetString());

        (await line.RunAsync(["logout"])).EnsureSuccess();
        var after = await line.RunAsync(["token"]);
        Assert.NotEqual(0, after.ExitCode);
        Assert.Contains("mcc login", after.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_accounts_act_without_a_login()
    {
        (await mesh.RunAsync(["admin", "demo-accounts"])).EnsureSuccess();
        var doctor = (await mesh.RunAsync(["token", "--as", "doctor"])).EnsureSuccess().Output.Trim();
        using var client = mesh.Client(doctor);
        using var me = JsonDocument.Parse(await client.GetStringAsync(new Uri("/v1/me", UriKind.Relative)));
        Assert.Equal("ROLE_HEALTH_PROFESSIONAL", me.RootElement.GetProperty("role").GetString());
        (await mesh.RunAsync(["studies", "--as", "researcher", "--json"])).EnsureSuccess();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(mesh.Data, "demo", "accounts.json")));
    }

    private static async Task<string> SaveAsync(CommandLine line, SyntheticSeries series)
    {
        var folder = line.Folder("in");
        for (var i = 0; i < series.Files.Count; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{i}.dcm"), series.Files[i]);
        }

        return folder;
    }
}
