using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using ModelResource = MedCloudCare.Model.V1.Model;

namespace MedCloudCare.IntegrationTests.Resilience;

/// <summary>Ends services as crashes do while uploads and jobs run. Has a mesh of its own.</summary>
public sealed class CrashTests(MeshFixture mesh) : IClassFixture<MeshFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Every_acknowledged_instance_and_every_accepted_job_survives_the_crash_of_each_service_in_turn()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var acknowledged = new ConcurrentDictionary<string, byte[]>();
        var jobs = new ConcurrentBag<(Job Job, SyntheticSeries Series)>();
        using var stop = new CancellationTokenSource();

        // Two clients upload series after series and start a job on each, going on after every failure, until told to stop.
        var clients = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var series = new SyntheticSeries(slices: 6);
                await UploadWithResumeAsync(user, series, acknowledged);
                jobs.Add((await StartAsync(user, model, series), series));
            }
        })).ToList();
        foreach (var service in new[] { "study", "inference", "model", "auth", "sharing", "gateway" })
        {
            var before = jobs.Count;
            await Eventually.TrueAsync("work between two crashes", Limit, () => Task.FromResult(jobs.Count > before || clients.Any(c => c.IsCompleted)));
            await mesh.CrashAsync(service);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.NotEmpty(acknowledged);
        foreach (var (_, series) in jobs)
        {
            var files = await user.Studies.RetrieveSeries(
                new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
            foreach (var (uid, file) in files)
            {
                Assert.True(acknowledged.TryRemove(uid, out var sent), "an instance that nobody sent");
                Assert.Equal(sent, file);
            }
        }

        Assert.Empty(acknowledged);
        foreach (var (accepted, series) in jobs)
        {
            var job = await user.EndOfAsync(accepted, Limit);
            Assert.True(job.State == Job.Types.State.Succeeded, $"{job.State} {job.Error}\n{mesh.Logs()}");
            await AssertOneResultAsync(user, series, job);
        }
    }

    [Fact]
    public async Task Killing_the_service_and_the_pod_of_a_running_job_doubles_no_result()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Segmenting(
            "task.progress(0.2, 'Computing')\ntime.sleep(4)\nreturn Segmentation(task.volume > 400, [Segment(1, 'Bright')])"))).Model;
        var series = new SyntheticSeries(slices: 4);
        await researcher.UploadAsync(series.Files);
        var job = await researcher.RunAsync(model.Name, series);
        await Eventually.TrueAsync("progress", Limit, async () =>
            (await researcher.Jobs.GetJobAsync(new GetJobRequest { Name = job.Name }, researcher.Headers)).Progress >= 0.2);

        // The pods end with the model service that started them.
        await Task.WhenAll(mesh.CrashAsync("inference"), mesh.CrashAsync("model"));
        var ended = await researcher.EndOfAsync(job, Limit);
        Assert.True(ended.State == Job.Types.State.Succeeded, $"{ended.State} {ended.Error}\n{mesh.Logs()}");
        Assert.True(ended.Attempt >= 2);
        await AssertOneResultAsync(researcher, series, ended);
    }

    private static async Task UploadWithResumeAsync(TestUser user, SyntheticSeries series, ConcurrentDictionary<string, byte[]> acknowledged)
    {
        var upload = await InsistAsync(async () => await user.Studies.CreateUploadAsync(new CreateUploadRequest(), user.Headers));
        await InsistAsync(async () =>
        {
            var done = (int)(await user.Studies.GetUploadAsync(new GetUploadRequest { Name = upload.Name }, user.Headers)).CommittedInstances;
            for (var i = 0; i < done; i++)
            {
                acknowledged[series.SopInstanceUids[i]] = series.Files[i];
            }

            if (done == series.Files.Count)
            {
                return done;
            }

            var response = await user.UploadAsync(upload.Name, done, series.Files.Skip(done));
            Assert.All(response.Results, r => Assert.NotEqual(InstanceResult.Types.Outcome.Refused, r.Outcome));
            foreach (var result in response.Results)
            {
                acknowledged[result.SopInstanceUid] = series.Files[series.SopInstanceUids.IndexOf(result.SopInstanceUid)];
            }

            return done;
        });
    }

    private static Task<Job> StartAsync(TestUser user, ModelResource model, SyntheticSeries series)
    {
        var request = Guid.NewGuid().ToString("n");
        return InsistAsync(() => user.RunAsync(model.Name, series, request));
    }

    /// <summary>What a client does when the mesh is away for a moment: the same again.</summary>
    private static async Task<T> InsistAsync<T>(Func<Task<T>> call)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (RpcException e) when (clock.Elapsed < Limit && e.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal or StatusCode.Unknown or StatusCode.DeadlineExceeded)
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task AssertOneResultAsync(TestUser user, SyntheticSeries series, Job job)
    {
        var study = Assert.Single((await user.Studies.ListStudiesAsync(
            new ListStudiesRequest { StudyInstanceUid = series.StudyInstanceUid }, user.Headers)).Studies);
        var result = Assert.Single((await user.Studies.ListSeriesAsync(new ListSeriesRequest { Parent = study.Name }, user.Headers)).Series, s => s.Modality == "SEG");
        Assert.Equal(job.Result.SeriesInstanceUid, result.SeriesInstanceUid);
        Assert.Equal(1, result.InstanceCount);
    }
}
