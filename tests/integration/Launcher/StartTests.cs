using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Npgsql;
using Xunit;

namespace MedCloudCare.IntegrationTests.Launcher;

/// <summary>Stops a mesh and starts it again on the same data. Has a mesh of its own.</summary>
public sealed class StartTests(MeshFixture mesh) : IClassFixture<MeshFixture>
{
    private const string NewerScript = "MedCloudCare.Studies.Migrations.9999_of_a_later_release.sql";

    [Fact]
    public async Task A_second_start_continues_with_the_same_data()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 3);
        await user.UploadAsync(series.Files);
        var authority = await File.ReadAllTextAsync(Path.Combine(mesh.Data, "pki", "ca.crt"));
        (await mesh.RunAsync(["down"])).EnsureSuccess();
        await mesh.UpAsync();

        // The fixture's channels point at the ports of the first start.
        Assert.Equal(authority, await File.ReadAllTextAsync(Path.Combine(mesh.Data, "pki", "ca.crt")));
        using var auth = mesh.ChannelAsOperator("auth");
        var session = await new AuthService.AuthServiceClient(auth).SignInAsync(new SignInRequest { Email = user.Email, Password = user.Password });
        Assert.Equal(user.Name, session.Account.Name);
        using var client = mesh.Client(session.AccessToken);
        using var studies = JsonDocument.Parse(await client.GetStringAsync(new Uri("/v1/studies", UriKind.Relative)));
        Assert.Equal(series.StudyInstanceUid, Assert.Single(studies.RootElement.GetProperty("studies").EnumerateArray()).GetProperty("studyInstanceUid").GetString());
        client.DefaultRequestHeaders.Accept.ParseAdd("application/dicom+json");
        using var stored = await client.GetAsync(new Uri($"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}/metadata", UriKind.Relative));
        using var metadata = JsonDocument.Parse(await stored.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        Assert.Equal(series.Files.Count, metadata.RootElement.GetArrayLength());

        // A token of before the restart is as good as before it: the signing key has not changed.
        using var early = mesh.Client(user.Token);
        using var me = await early.GetAsync(new Uri("/v1/me", UriKind.Relative));
        Assert.True(me.IsSuccessStatusCode, me.ToString());
    }

    [Fact]
    public void No_process_watches_the_file_system()
    {
        // A host that watches its settings does so with every directory below its content root. From the root of the file
        // system that is a walk of seconds on a small disk, and of minutes on a large one, before it serves.
        Assert.All(Processes(), process => Assert.DoesNotContain(
            Directory.EnumerateFiles($"/proc/{process}/fdinfo").SelectMany(ReadLinesOf), line => line.StartsWith("inotify ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_process_that_hangs_is_replaced()
    {
        var hanging = mesh.ProcessOf("sharing");
        (await Programs.RunAsync("kill", ["-STOP", hanging.ToString(CultureInfo.InvariantCulture)])).EnsureSuccess();
        await mesh.ReplacedAsync("sharing", hanging, TimeSpan.FromMinutes(3));
        Assert.False(Directory.Exists($"/proc/{hanging}"));
        Assert.Contains("sharing has not answered", await File.ReadAllTextAsync(Path.Combine(mesh.Data, "log", "supervisor.log")), StringComparison.Ordinal);

        // Those that talk to it notice in their own time.
        await Eventually.TrueAsync("a mesh that is well", TimeSpan.FromMinutes(1), async () => (await mesh.RunAsync(["status"])).ExitCode == 0);
    }

    [Fact]
    public async Task Stopping_ends_every_process_and_the_pods_with_them()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        await researcher.PublishAsync(TestModels.Threshold);
        await Eventually.TrueAsync("a pod", TimeSpan.FromMinutes(1), () => Task.FromResult(Pods().Any()));
        var processes = Processes();
        Assert.Equal(7, processes.Count);

        (await mesh.RunAsync(["down"])).EnsureSuccess();
        Assert.DoesNotContain(processes, id => Directory.Exists($"/proc/{id}"));
        Assert.Empty(Processes());
        Assert.Empty(Pods());
        var status = await mesh.RunAsync(["status"]);
        Assert.Equal(4, status.ExitCode);
        Assert.Contains("stopped", status.Output, StringComparison.Ordinal);
        await mesh.UpAsync();
    }

    [Fact]
    public async Task Data_of_a_newer_schema_is_refused_and_left_alone()
    {
        await ExecuteAsync($"INSERT INTO schema_versions (scriptname, applied) VALUES ('{NewerScript}', now())");
        var before = await JournalAsync();
        (await mesh.RunAsync(["down"])).EnsureSuccess();

        var refused = await mesh.RunAsync(["up", "--detach", "--http", "0", "--https", "0"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("study", refused.Error, StringComparison.Ordinal);
        Assert.Contains("newer release", refused.Error, StringComparison.Ordinal);
        Assert.Contains(NewerScript, refused.Error, StringComparison.Ordinal);
        using (var state = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(mesh.Data, "run", "mesh.json"))))
        {
            Assert.Equal("Failed", state.RootElement.GetProperty("Phase").GetString());
            Assert.All(state.RootElement.GetProperty("Processes").EnumerateArray(), p => Assert.Equal(JsonValueKind.Null, p.GetProperty("Process").ValueKind));
        }

        // Its other services and its database can be started; nothing of the journal has changed.
        await mesh.RunAsync(["down"]);
        (await mesh.RunAsync(["up", "--detach", "--http", "0", "--https", "0", "--only", "auth"])).EnsureSuccess();
        Assert.Equal(before, await JournalAsync());
        await ExecuteAsync($"DELETE FROM schema_versions WHERE scriptname = '{NewerScript}'");
        (await mesh.RunAsync(["down"])).EnsureSuccess();
        await mesh.UpAsync();
    }

    /// <summary>The ids of the processes that the launcher says it runs.</summary>
    private List<int> Processes()
    {
        using var state = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(mesh.Data, "run", "mesh.json")));
        return [.. state.RootElement.GetProperty("Processes").EnumerateArray()
            .Select(p => p.GetProperty("Process"))
            .Where(p => p.ValueKind == JsonValueKind.Object)
            .Select(p => p.GetProperty("Pid").GetInt32())];
    }

    /// <summary>The lines of a file of /proc; none once it is gone.</summary>
    private static string[] ReadLinesOf(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The processes of this mesh's sandboxes: their command lines name its directory of sockets.</summary>
    private IEnumerable<string> Pods()
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(Path.Combine(mesh.Data, "run", "pods")));
        var name = "mcc-" + Convert.ToHexStringLower(digest)[..10];
        return Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(d[^1]) && CommandLine(d).Contains(name, StringComparison.Ordinal));
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }

    private async Task<IReadOnlyList<string>> JournalAsync()
    {
        await using var database = NpgsqlDataSource.Create(await ConnectionAsync());
        await using var command = database.CreateCommand("SELECT scriptname || applied::text FROM schema_versions ORDER BY 1");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(await ConnectionAsync());
        await using var command = database.CreateCommand(sql);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    /// <summary>The study service's own connection, from its configuration.</summary>
    private async Task<string> ConnectionAsync()
    {
        using var file = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(mesh.Data, "config", "study.json")));
        return file.RootElement.GetProperty("Mesh").GetProperty("Database").GetString()!;
    }
}
