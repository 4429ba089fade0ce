using System.Collections.Concurrent;
using System.Globalization;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Keys;

/// <summary>Changes the master keys of a mesh of its own.</summary>
public sealed class KeyRotationTests(MeshFixture mesh) : IClassFixture<MeshFixture>
{
    [Fact]
    public async Task Rotating_while_studies_are_stored_and_read_fails_nothing_and_the_former_key_can_then_be_removed()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var stored = new ConcurrentQueue<SyntheticSeries>();
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var series = new SyntheticSeries(slices: 2, rows: 32, columns: 32);
                await user.UploadAsync(series.Files);
                stored.Enqueue(series);
                await SameAsync(user, stored.ElementAt(Random.Shared.Next(stored.Count)));
            }
        })).ToList();
        var former = Load().PrimaryId;
        for (var rotation = 0; rotation < 3; rotation++)
        {
            var before = stored.Count;
            await Eventually.TrueAsync("studies stored between rotations", TimeSpan.FromMinutes(2), () =>
                Task.FromResult(stored.Count > before + 5 || clients.Any(c => c.IsFaulted)));
            (await mesh.RunAsync(["keys", "rotate"])).EnsureSuccess();
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        (await mesh.RunAsync(["keys", "rewrap"])).EnsureSuccess();
        var primary = Load().PrimaryId;
        Assert.NotEqual(former, primary);
        Assert.All(MastersOfStudyKeys(), id => Assert.Equal(primary, id));
        foreach (var key in Load().Keys.Where(k => !k.IsPrimary))
        {
            (await mesh.RunAsync(["keys", "remove", key.Id.ToString()])).EnsureSuccess();
        }

        Assert.Equal(primary, Assert.Single(Load().Keys).Id);

        // Without the former keys, and by processes that have never seen them.
        foreach (var service in new[] { "study", "model" })
        {
            await mesh.CrashAsync(service);
        }

        foreach (var series in stored)
        {
            await SameAsync(user, series);
        }

        Assert.Equal(Job.Types.State.Succeeded, (await user.EndOfAsync(await user.RunAsync(model.Name, stored.First()))).State);
    }

    [Fact]
    public async Task A_master_key_that_wraps_something_is_not_removed_and_the_primary_is_not_retired()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync(new SyntheticSeries(slices: 1).Files);
        var former = Load().PrimaryId.ToString();
        Assert.Contains("is the primary", await RefusedAsync("retire", former), StringComparison.Ordinal);

        // A rotation that was cut short: the new primary is there, nothing is wrapped by it yet.
        Load().Rotate();
        (await mesh.RunAsync(["keys", "retire", former])).EnsureSuccess();
        Assert.Contains("wraps keys", await RefusedAsync("remove", former), StringComparison.Ordinal);
        Assert.Contains(former, (await mesh.RunAsync(["keys", "list"])).EnsureSuccess().Output, StringComparison.Ordinal);
        (await mesh.RunAsync(["keys", "rewrap"])).EnsureSuccess();
        (await mesh.RunAsync(["keys", "remove", former])).EnsureSuccess();
        Assert.DoesNotContain(former, (await mesh.RunAsync(["keys", "list"])).EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.Contains("is not in the keyring", await RefusedAsync("remove", former), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_its_keyring_or_with_that_of_another_mesh_the_mesh_refuses_to_start_and_says_why()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 1);
        await user.UploadAsync(series.Files);
        (await mesh.RunAsync(["down"])).EnsureSuccess();
        var path = Path.Combine(mesh.Data, "keys", "keyring.json");
        File.Move(path, path + ".kept");
        Assert.Contains("There is no keyring", await NotUpAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(path));

        Keyring.LoadOrCreate(path);
        Assert.Contains("was made under other master keys", await NotUpAsync(), StringComparison.Ordinal);

        File.Move(path + ".kept", path, overwrite: true);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", await NotUpAsync(), StringComparison.Ordinal);

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await mesh.UpAsync();
        using var client = mesh.Client(user.Token);
        Assert.Contains(series.StudyInstanceUid, await client.GetStringAsync(new Uri("/v1/studies", UriKind.Relative)), StringComparison.Ordinal);
    }

    private Keyring Load() => Keyring.Load(Path.Combine(mesh.Data, "keys", "keyring.json"));

    /// <summary>The master key named in each wrapped study key (services/sealing/FORMAT.md).</summary>
    private IEnumerable<Guid> MastersOfStudyKeys() =>
        Directory.GetFiles(Path.Combine(mesh.Data, "keys", "studies"), "*.key", SearchOption.AllDirectories)
            .Select(File.ReadAllBytes).Where(k => k.Length > 5).Select(k => new Guid(k.AsSpan(6, 16), bigEndian: true));

    private static async Task SameAsync(TestUser user, SyntheticSeries series)
    {
        var files = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
        Assert.Equal(series.Files, series.SopInstanceUids.Select(uid => files[uid]));
    }

    private async Task<string> RefusedAsync(string verb, string key)
    {
        var result = await mesh.RunAsync(["keys", verb, key]);
        Assert.Equal(1, result.ExitCode);
        return result.Error;
    }

    private async Task<string> NotUpAsync()
    {
        var result = await mesh.RunAsync(["up", "--detach", "--http", "0", "--https", "0", "--replicas", "2"]);
        Assert.True(result.ExitCode != 0, string.Create(CultureInfo.InvariantCulture, $"exit code {result.ExitCode}"));
        return result.Error;
    }
}
