using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Stores;

/// <summary>What a mesh does with a directory it does with a bucket.</summary>
public sealed class S3MeshTests(S3MeshFixture mesh) : IClassFixture<S3MeshFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [SkippableFact]
    public async Task What_is_uploaded_is_retrieved_byte_for_byte_searched_merged_verified_and_survives_restarts()
    {
        RequireServer();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 12);
        foreach (var file in series.Files)
        {
            var response = await user.UploadAsync([file]);
            Assert.Equal(InstanceResult.Types.Outcome.Stored, Assert.Single(response.Results).Outcome);
        }

        var large = new SyntheticSeries(slices: 40, rows: 512, columns: 512);
        Assert.Equal(40, (await user.UploadAsync(large.Files)).Upload.StoredInstances);
        await AssertStoredAsync(user, series);
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(mesh.Data, "objects"), "*.pack", SearchOption.AllDirectories), _ => true);

        (await mesh.RunAsync(["archive", "compact", "--idle", "0"])).EnsureSuccess();
        await AssertStoredAsync(user, series);
        await mesh.CrashAsync("study");
        await AssertStoredAsync(user, large);

        // Where the packs are is remembered.
        await mesh.RunAsync(["down"]);
        (await mesh.RunAsync(["up", "--detach", "--http", "0", "--https", "0", "--dicom", "0", "--dicom-tls", "0", "--replicas", "2"])).EnsureSuccess();
        await AssertStoredAsync(user, series);
        using var report = JsonDocument.Parse((await mesh.RunAsync(["archive", "verify", "--json"])).EnsureSuccess().Output);
        Assert.Equal(0, report.RootElement.GetProperty("problems").GetInt64());
        Assert.True(report.RootElement.GetProperty("instances").GetInt64() >= 52);
    }

    [SkippableFact]
    public async Task A_store_that_is_away_is_unavailable_and_everything_is_as_before_when_it_is_back()
    {
        RequireServer();
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var stored = new SyntheticSeries(slices: 3);
        await user.UploadAsync(stored.Files);
        await mesh.Server!.StopAsync();
        var late = new SyntheticSeries(slices: 3);
        var error = await Assert.ThrowsAsync<RpcException>(() => user.UploadAsync(late.Files));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.True(MeshErrors.Is(error, Reason.ServiceUnavailable), error.ToString());
        await mesh.Server.ResumeAsync();
        Assert.Empty((await user.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = late.StudyInstanceUid }, user.Headers)).Studies);
        await AssertStoredAsync(user, stored);
        Assert.Equal(3, (await user.UploadAsync(late.Files)).Upload.StoredInstances);
        await AssertStoredAsync(user, late);
    }

    private void RequireServer() => Skip.If(mesh.Server is null, "Node is not installed.");

    private static Task AssertStoredAsync(TestUser user, SyntheticSeries series) =>
        Eventually.TrueAsync("the series", Limit, async () =>
        {
            try
            {
                var files = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
                Assert.Equal(series.Files.Count, files.Count);
                Assert.All(series.SopInstanceUids, (uid, i) => Assert.Equal(series.Files[i], files[uid]));
                return true;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable)
            {
                return false;
            }
        });
}
