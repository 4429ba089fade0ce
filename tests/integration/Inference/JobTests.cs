using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Inference;

[Collection(MeshCollection.Name)]
public sealed class JobTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_model_run_on_a_series_leaves_a_segmentation_whose_voxels_are_the_models()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var doctor = await mesh.NewUserAsync(Role.HealthProfessional);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var series = new SyntheticSeries(slices: 6, rows: 50, columns: 37);
        await doctor.UploadAsync(series.Files);

        var job = await doctor.EndOfAsync(await doctor.RunAsync(model.Name, series));
        Assert.True(job.State == Job.Types.State.Succeeded, $"{job.State}: {job.Error?.Reason} {job.Error?.Message}\n{mesh.Logs()}");
        Assert.Equal("1.2.840.10008.5.1.4.1.1.66.4", job.Result.SopClassUid);
        Assert.Equal(["Bright", "Brightest"], job.Result.Segments.Select(s => s.Label));

        var files = await doctor.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = job.Result.SeriesInstanceUid }, doctor.Headers).FilesAsync();
        await SegmentationCheck.AssertEqualsThresholdAsync(Assert.Single(files).Value, series);
        var study = Assert.Single((await doctor.Studies.ListStudiesAsync(new ListStudiesRequest(), doctor.Headers)).Studies);
        Assert.Equal(2, study.SeriesCount);
        Assert.Equal(["MR", "SEG"], study.Modalities.Order());
    }

    [Fact]
    public async Task A_researcher_tests_a_private_model_on_own_images_and_others_do_not_see_it()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var doctor = await mesh.NewUserAsync(Role.HealthProfessional);
        var model = (await researcher.PublishAsync(TestModels.Threshold, visibility: Visibility.Private)).Model;
        var series = new SyntheticSeries(slices: 3);
        await researcher.UploadAsync(series.Files);
        await doctor.UploadAsync(series.Files);
        var error = await Assert.ThrowsAsync<RpcException>(() => doctor.RunAsync(model.Name, series));
        Assert.True(MeshErrors.Is(error, Reason.NotFound));
        var job = await researcher.EndOfAsync(await researcher.RunAsync(model.Name, series));
        Assert.Equal(Job.Types.State.Succeeded, job.State);

        error = await Assert.ThrowsAsync<RpcException>(async () => await doctor.Jobs.GetJobAsync(new GetJobRequest { Name = job.Name }, doctor.Headers));
        Assert.True(MeshErrors.Is(error, Reason.NotFound));
    }

    [Fact]
    public async Task An_unknown_series_is_refused()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var error = await Assert.ThrowsAsync<RpcException>(() => researcher.RunAsync(model.Name, new SyntheticSeries(slices: 1)));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.True(MeshErrors.Is(error, Reason.NotFound));
    }

    [Fact]
    public async Task The_same_request_id_is_the_same_job_and_with_other_arguments_a_conflict()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var series = new SyntheticSeries(slices: 2);
        var other = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        await researcher.UploadAsync(other.Files);
        var jobs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => researcher.RunAsync(model.Name, series, "request-1")));
        Assert.Single(jobs.Select(j => j.Name).Distinct());
        var error = await Assert.ThrowsAsync<RpcException>(() => researcher.RunAsync(model.Name, other, "request-1"));
        Assert.True(MeshErrors.Is(error, Reason.AlreadyExists));
        await researcher.EndOfAsync(jobs[0]);
    }

    [Fact]
    public async Task A_job_is_watched_to_its_end_over_gRPC_and_as_lines_of_JSON()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        var series = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        var job = await researcher.RunAsync(model.Name, series);

        using var http = researcher.Http();
        var lines = http.GetStringAsync(new Uri($"/v1/{job.Name}:watch", UriKind.Relative));
        using var watch = researcher.Jobs.WatchJob(new WatchJobRequest { Name = job.Name }, researcher.Headers, DateTime.UtcNow.AddMinutes(2));
        var states = new List<Job>();
        while (await watch.ResponseStream.MoveNext(CancellationToken.None))
        {
            states.Add(watch.ResponseStream.Current);
        }

        Assert.Equal(Job.Types.State.Succeeded, states[^1].State);
        var last = (await lines).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Contains("\"SUCCEEDED\"", last, StringComparison.Ordinal);
        Assert.Contains(states[^1].Result.SeriesInstanceUid, last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_of_JSON_arrives_while_the_job_still_runs()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Segmenting("task.progress(0.1, 'Waiting')\nwhile True: time.sleep(0.1)"))).Model;
        var series = new SyntheticSeries(slices: 1);
        await researcher.UploadAsync(series.Files);
        var job = await researcher.RunAsync(model.Name, series);
        using var http = researcher.Http();
        using var lines = new StreamReader(await http.GetStreamAsync(new Uri($"/v1/{job.Name}:watch", UriKind.Relative)));
        Assert.Contains(job.Name, await lines.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1)), StringComparison.Ordinal);
        await researcher.Jobs.CancelJobAsync(new CancelJobRequest { Name = job.Name }, researcher.Headers);
        Assert.Contains("\"CANCELLED\"", (await lines.ReadToEndAsync()).TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_job_stops_and_leaves_nothing()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Segmenting("task.progress(0.1, 'Waiting')\nwhile True: time.sleep(0.1)"))).Model;
        var series = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        var job = await researcher.RunAsync(model.Name, series);
        await Eventually.TrueAsync("progress", TimeSpan.FromMinutes(2), async () =>
            (await researcher.Jobs.GetJobAsync(new GetJobRequest { Name = job.Name }, researcher.Headers)).Progress > 0);
        await researcher.Jobs.CancelJobAsync(new CancelJobRequest { Name = job.Name }, researcher.Headers);
        Assert.Equal(Job.Types.State.Cancelled, (await researcher.EndOfAsync(job)).State);
        Assert.Equal(1, Assert.Single((await researcher.Studies.ListStudiesAsync(new ListStudiesRequest(), researcher.Headers)).Studies).SeriesCount);

        // The replica is free for the next job.
        var next = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        Assert.Equal(Job.Types.State.Succeeded, (await researcher.EndOfAsync(await researcher.RunAsync(next.Name, series))).State);
    }

    [Fact]
    public async Task A_model_that_raises_fails_its_job_and_only_its_owner_sees_the_traceback()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var doctor = await mesh.NewUserAsync(Role.HealthProfessional);
        var model = (await researcher.PublishAsync(TestModels.Segmenting("raise ValueError('the weights are upside down')"))).Model;
        var series = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        await doctor.UploadAsync(series.Files);
        var own = await researcher.EndOfAsync(await researcher.RunAsync(model.Name, series));
        Assert.Equal(Job.Types.State.Failed, own.State);
        Assert.Equal(Reason.ModelFailed, own.Error.Reason);
        Assert.Contains("ValueError", own.Error.Message, StringComparison.Ordinal);
        Assert.Contains("upside down", own.Error.Detail, StringComparison.Ordinal);
        var others = await doctor.EndOfAsync(await doctor.RunAsync(model.Name, series));
        Assert.Equal(Reason.ModelFailed, others.Error.Reason);
        Assert.Empty(others.Error.Detail);
    }

    [Theory]
    [InlineData("return Segmentation(np.zeros((1, 2, 3)), [Segment(1, 'a')])", "shape")]
    [InlineData("return Segmentation(np.full(task.shape, 7), [Segment(1, 'a')])", "7")]
    [InlineData("return Segmentation(np.full(task.shape, np.nan), [Segment(1, 'a')])", "NaN")]
    [InlineData("return 42", "int")]
    public async Task An_implausible_result_is_refused_with_a_reason(string body, string said)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Segmenting(body))).Model;
        var series = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        var job = await researcher.EndOfAsync(await researcher.RunAsync(model.Name, series));
        Assert.Equal(Job.Types.State.Failed, job.State);
        Assert.Equal(Reason.ModelResultInvalid, job.Error.Reason);
        Assert.Contains(said, job.Error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Replicas_share_the_load_of_a_version()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Segmenting(
            "time.sleep(2)\nreturn Segmentation(task.volume > 100, [Segment(1, str(os.stat('/tmp').st_ino) + '-' + str(os.stat('/tmp').st_dev))])"))).Model;
        var series = new SyntheticSeries(slices: 2);
        await researcher.UploadAsync(series.Files);
        var jobs = await Task.WhenAll((await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => researcher.RunAsync(model.Name, series)))).Select(j => researcher.EndOfAsync(j)));
        Assert.All(jobs, j => Assert.Equal(Job.Types.State.Succeeded, j.State));
        Assert.Equal(2, jobs.Select(j => j.Result.Segments[0].Label).Distinct().Count());
    }
}
