using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Resilience;

/// <summary>PostgreSQL goes and comes back while series are stored and read. Has a mesh of its own.</summary>
public sealed class StoppedDatabaseTests(MeshFixture mesh) : IClassFixture<MeshFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task What_was_acknowledged_outlives_a_database_that_goes_and_errors_meanwhile_are_typed()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var first = new SyntheticSeries(slices: 4);
        await user.UploadAsync(first.Files);
        var acknowledged = new ConcurrentQueue<SyntheticSeries>([first]);
        var errors = new ConcurrentQueue<RpcException>();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var series = new SyntheticSeries(slices: 4);
                await InsistAsync(errors, () => user.UploadAsync(series.Files));
                acknowledged.Enqueue(series);
            }
        });
        var reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await InsistAsync(errors, async () =>
                {
                    await AssertStoredAsync(user, first);
                    return true;
                });
            }
        });
        for (var round = 0; round < 3; round++)
        {
            var before = acknowledged.Count;
            await mesh.CrashAsync("postgres");
            await Eventually.TrueAsync("uploads after the database came back", Limit, () =>
                Task.FromResult(acknowledged.Count >= before + 2 || writing.IsCompleted || reading.IsCompleted));
        }

        await stop.CancelAsync();
        await Task.WhenAll(writing, reading);
        foreach (var series in acknowledged)
        {
            await AssertStoredAsync(user, series);
        }

        Assert.NotEmpty(errors);
        Assert.All(errors, e => Assert.True(MeshErrors.Is(e, Reason.ServiceUnavailable), $"{e.Status}\n{mesh.Logs()}"));
        (await mesh.RunAsync(["archive", "verify"])).EnsureSuccess();
    }

    private static async Task<T> InsistAsync<T>(ConcurrentQueue<RpcException> errors, Func<Task<T>> call)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (RpcException e) when (clock.Elapsed < Limit)
            {
                errors.Enqueue(e);
                await Task.Delay(100);
            }
        }
    }

    private static async Task AssertStoredAsync(TestUser user, SyntheticSeries series)
    {
        var files = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
        Assert.Equal(series.Files.Count, files.Count);
        Assert.All(series.SopInstanceUids, (uid, i) => Assert.Equal(series.Files[i], files[uid]));
    }
}
