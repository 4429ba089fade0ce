using System.Collections.Concurrent;
using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Backup;

/// <summary>Loses a mesh and gets it back. Has one of its own.</summary>
public sealed class BackupTests(MeshFixture mesh) : IClassFixture<MeshFixture>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mcc-backup-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_backup_taken_under_load_restores_everything_that_was_acknowledged_before_and_the_store_alone_rebuilds_the_database()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var acknowledged = new ConcurrentQueue<SyntheticSeries>();
        using var stop = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var series = new SyntheticSeries(slices: 4);
                await user.UploadAsync(series.Files);
                acknowledged.Enqueue(series);
            }
        });
        await Eventually.TrueAsync("some load", TimeSpan.FromMinutes(1), () => Task.FromResult(load.IsCompleted || acknowledged.Count >= 5));
        var compacting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await mesh.RunAsync(["archive", "compact", "--idle", "0", "--grace", "0", "--orphan-grace", "60"]);
            }
        });

        // 1. Taken while series are stored, merged and swept.
        var before = acknowledged.ToArray();
        var keys = Path.Combine(folder, "keys");
        (await mesh.RunAsync(["archive", "backup", "--to", Path.Combine(folder, "backup"), "--keys-to", keys])).EnsureSuccess();
        await stop.CancelAsync();
        await Task.WhenAll(load, compacting);
        Assert.True(acknowledged.Count > before.Length, "nothing was stored during the backup");

        // 2. Everything is lost, and restored.
        await LoseAsync(() =>
        {
            foreach (var entry in new DirectoryInfo(mesh.Data).EnumerateFileSystemInfos())
            {
                if (entry is DirectoryInfo directory) directory.Delete(recursive: true);
                else entry.Delete();
            }
        }, () => mesh.RunAsync(["archive", "restore", "--from", Path.Combine(folder, "backup"), "--keys-from", keys]));
        foreach (var series in before)
        {
            await AssertStoredAsync(user, series);
        }

        await AssertVerifiedAsync();

        // 3. The mesh goes on from there, and what came after the backup may be stored again.
        await user.UploadAsync(acknowledged.Last().Files);
        await AssertStoredAsync(user, acknowledged.Last());

        // 4. The database is lost for good: the archive is made again from the objects and the keys.
        var instances = await AssertVerifiedAsync();
        await LoseAsync(() => Directory.Delete(Path.Combine(mesh.Data, "postgres"), recursive: true), () => Task.FromResult(new ProgramResult(0, "", "")));
        using var rebuilt = JsonDocument.Parse((await mesh.RunAsync(["archive", "rebuild", "--json"])).EnsureSuccess().Output);

        // What came after the copy of the database lies in the copy of the objects: it is found now as well.
        var found = long.Parse(rebuilt.RootElement.GetProperty("instances").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(found >= instances, $"{found} of {instances}");
        Assert.Equal(found, await AssertVerifiedAsync());
    }

    [Fact]
    public async Task What_is_no_backup_or_no_empty_directory_is_refused()
    {
        var other = Path.Combine(folder, "data");
        var nothing = await mesh.RunAsync(["archive", "restore", "--from", folder]);
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("backup.json", nothing.Error, StringComparison.Ordinal);
        Directory.CreateDirectory(other);
        await File.WriteAllTextAsync(Path.Combine(other, "something"), "");
        var full = await mesh.RunAsync(["archive", "backup", "--to", other]);
        Assert.Equal(1, full.ExitCode);
        Assert.Contains("not empty", full.Error, StringComparison.Ordinal);
    }

    /// <summary>Stops the mesh, lets something happen to its data, and starts it on the same ports.</summary>
    private async Task LoseAsync(Action lose, Func<Task<ProgramResult>> restore)
    {
        await mesh.RunAsync(["down"]);
        var state = Path.Combine(mesh.Data, "run", "mesh.json");
        var ports = await File.ReadAllBytesAsync(state);
        lose();
        (await restore()).EnsureSuccess();
        await File.WriteAllBytesAsync(state, ports);
        await mesh.UpAsync();
    }

    private async Task<long> AssertVerifiedAsync()
    {
        using var report = JsonDocument.Parse((await mesh.RunAsync(["archive", "verify", "--json"])).EnsureSuccess().Output);
        Assert.Equal(0, report.RootElement.GetProperty("problems").GetInt64());
        return report.RootElement.GetProperty("instances").GetInt64();
    }

    private static async Task AssertStoredAsync(TestUser user, SyntheticSeries series)
    {
        using AsyncServerStreamingCall<RetrieveInstancesResponse> call = user.Studies.RetrieveSeries(
            new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers);
        var files = await call.FilesAsync();
        Assert.Equal(series.Files.Count, files.Count);
        Assert.All(series.SopInstanceUids, (uid, i) => Assert.Equal(series.Files[i], files[uid]));
    }
}
