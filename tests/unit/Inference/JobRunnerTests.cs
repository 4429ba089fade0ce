using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Model.V1;
using MedCloudCare.Pod.V1;

namespace MedCloudCare.Jobs.Tests;

[Collection(PostgresCollection.Name)]
public sealed class JobRunnerTests(PostgresFixture postgres)
{
    [SkippableFact]
    public async Task The_series_reaches_the_pod_byte_for_byte_and_its_segmentation_the_archive()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Segmenting();
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        var ended = await RunAsync(jobs, mesh);
        Assert.Equal(Job.Types.State.Succeeded, ended.JobState);
        Assert.True(pod.IsIntact);

        var result = jobs.Seal.OpenResult(ended)!;
        var segment = Assert.Single(result.Segments);
        Assert.Equal((120, 0.24), (segment.Voxels, Math.Round(segment.VolumeMl, 6)));
        Assert.Equal(SopClasses.SegmentationStorage, result.SopClassUid);
        var stored = Assert.Single(mesh.Archive.Stored);
        Assert.Equal(result.SopInstanceUids[0], stored.Key);
        var info = await DicomInstanceScanner.ScanAsync(new MemoryStream(stored.Value));
        Assert.Equal((LittleMesh.StudyUid, result.SeriesInstanceUid), (info.StudyInstanceUid, info.SeriesInstanceUid));
        Assert.Equal(JobUids.Series(ended.Id), info.SeriesInstanceUid);
    }

    [SkippableFact]
    public async Task A_job_whose_pod_dies_goes_to_another_replica()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        PodStub dying = PodStub.Dying(), good = PodStub.Segmenting();
        await using var mesh = await LittleMesh.StartAsync(jobs, dying, good);
        var ended = await RunAsync(jobs, mesh);
        Assert.Equal(Job.Types.State.Succeeded, ended.JobState);
        Assert.Equal((1, 1), (dying.Calls, good.Calls));
        Assert.Equal((2, 1), (ended.Attempt, ended.PodsLost));
    }

    [SkippableFact]
    public async Task Pods_that_were_gone_before_the_call_are_no_loss_of_the_model_s()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var good = PodStub.Segmenting();
        await using var mesh = await LittleMesh.StartAsync(jobs, good);
        for (var i = 0; i < 4; i++)
        {
            mesh.Models.Set.Replicas.Insert(0, new Replica { Id = $"gone{i}", State = Replica.Types.State.Ready, Endpoint = $"unix:///nonexistent/{i}.sock" });
        }

        var ended = await RunAsync(jobs, mesh);
        Assert.Equal(Job.Types.State.Succeeded, ended.JobState);
        Assert.Equal((1, 0), (good.Calls, ended.PodsLost));
    }

    [SkippableFact]
    public async Task A_job_that_loses_three_pods_fails_with_that_reason()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await using var mesh = await LittleMesh.StartAsync(jobs, PodStub.Dying(), PodStub.Dying(), PodStub.Dying());
        var ended = await RunAsync(jobs, mesh);
        Assert.Equal(Reason.ModelPodLost, jobs.Seal.OpenError(ended)!.Reason);
        Assert.Empty(mesh.Archive.Stored);
    }

    [SkippableTheory]
    [InlineData(Failure.Types.Kind.ModelFailed, Reason.ModelFailed, false)]
    [InlineData(Failure.Types.Kind.SeriesNotSuitable, Reason.SeriesNotSuitable, true)]
    [InlineData(Failure.Types.Kind.ResultInvalid, Reason.ModelResultInvalid, false)]
    [InlineData(Failure.Types.Kind.LimitExceeded, Reason.ModelLimitExceeded, true)]
    public async Task What_the_model_says_of_its_failure_is_the_job_s_error(Failure.Types.Kind kind, Reason reason, bool early)
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await using var mesh = await LittleMesh.StartAsync(jobs, PodStub.Failing(kind, early));
        var ended = await RunAsync(jobs, mesh);
        var error = jobs.Seal.OpenError(ended)!;
        Assert.Equal((Job.Types.State.Failed, reason, "ValueError: no"), (ended.JobState, error.Reason, error.Message));
        Assert.Contains("Traceback …", error.Detail, StringComparison.Ordinal);
        Assert.Contains("about to fail", error.Detail, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(7, true, "label 7")]
    [InlineData(1, false, "fewer voxels")]
    public async Task A_result_that_does_not_fit_is_refused_and_nothing_is_stored(byte label, bool isWhole, string why)
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await using var mesh = await LittleMesh.StartAsync(jobs, PodStub.Segmenting(label, isWhole));
        var error = jobs.Seal.OpenError(await RunAsync(jobs, mesh))!;
        Assert.Equal(Reason.ModelResultInvalid, error.Reason);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Empty(mesh.Archive.Stored);
    }

    [SkippableFact]
    public async Task A_result_of_another_type_than_the_model_s_task_is_refused()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await using var mesh = await LittleMesh.StartAsync(jobs, PodStub.Segmenting());
        mesh.Models.Task = InferType.Classification;
        Assert.Equal(Reason.ModelResultInvalid, jobs.Seal.OpenError(await RunAsync(jobs, mesh))!.Reason);
    }

    [SkippableFact]
    public async Task A_revoked_grant_ends_the_job_before_a_byte_reaches_a_pod()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Segmenting();
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        mesh.Archive.IsRevoked = true;
        Assert.Equal(Reason.AccessRevoked, jobs.Seal.OpenError(await RunAsync(jobs, mesh))!.Reason);
        Assert.Equal((0, 0), (pod.Calls, mesh.Archive.Retrievals));
    }

    [SkippableFact]
    public async Task Cancelling_a_job_cancels_the_pod_s_call_and_nothing_is_written()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Hanging();
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        await jobs.AddAsync();
        var job = await jobs.ClaimAsync();
        var running = mesh.RunAsync(job);
        await pod.Called;
        await jobs.Store.CancelAsync(job.Id, job.Record.Owner, default);
        mesh.Running.Stop(job.Id);
        await pod.Cancelled;
        await running.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Job.Types.State.Cancelled, (await jobs.ReadAsync(job.Record)).JobState);
    }

    [SkippableFact]
    public async Task A_replica_gets_no_more_calls_than_it_can_prepare_and_the_other_jobs_wait()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var gate = new TaskCompletionSource();
        var pod = PodStub.Segmenting(gate: gate.Task);
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        var model = Guid.NewGuid();
        for (var i = 0; i < 4; i++) await jobs.AddAsync(JobDatabase.NewJob() with { Model = model });
        var runs = new List<Task>();
        for (var i = 0; i < 4; i++) runs.Add(mesh.RunAsync(await jobs.ClaimAsync()));
        await pod.Called;
        Assert.False(await ReachesAsync(() => pod.Calls > 2, TimeSpan.FromSeconds(1)));
        gate.SetResult();
        await Task.WhenAll(runs).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((4, 4), (pod.Calls, mesh.Archive.Stored.Count));
    }

    [SkippableFact]
    public async Task A_model_over_its_time_limit_fails_with_that_reason_and_its_call_is_cancelled()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Hanging();
        await using var mesh = await LittleMesh.StartAsync(jobs, jobMinutes: 1.0 / 60, pod);
        Assert.Equal(Reason.ModelLimitExceeded, jobs.Seal.OpenError(await RunAsync(jobs, mesh))!.Reason);
        await pod.Cancelled;
    }

    [SkippableFact]
    public async Task A_record_changed_in_the_database_ends_its_job_and_is_never_run()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var job = await jobs.AddAsync();
        await PostgresFixture.ExecuteAsync(jobs.Source, "UPDATE inference.jobs SET delegation = set_byte(delegation, 20, get_byte(delegation, 20) # 1)");
        Assert.Null(await jobs.Store.ClaimAsync("a", JobDatabase.Lease, default));
        Assert.Equal(Reason.SealBroken, jobs.Seal.OpenError(await jobs.ReadAsync(job))!.Reason);
    }

    [SkippableFact]
    public async Task A_stopping_service_gives_its_jobs_back()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Hanging();
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        await jobs.AddAsync();
        var job = await jobs.ClaimAsync();
        var running = mesh.RunAsync(job);
        await pod.Called;
        mesh.Running.StopAll(StopCause.Shutdown);
        await running.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Job.Types.State.Queued, (await jobs.ReadAsync(job.Record)).JobState);
        Assert.Equal(job.Id, (await jobs.ClaimAsync("b")).Id);
    }

    [SkippableFact]
    public async Task An_answer_of_the_archive_that_is_lost_doubles_no_result()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Segmenting();
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        mesh.Archive.UploadsToBreak = 2;
        Assert.Equal(Job.Types.State.Succeeded, (await RunAsync(jobs, mesh)).JobState);
        Assert.Equal((1, 1), (mesh.Archive.Stored.Count, pod.Calls));
    }

    [SkippableFact]
    public async Task A_service_that_died_after_storing_computes_nothing_again()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var pod = PodStub.Segmenting();
        await using var mesh = await LittleMesh.StartAsync(jobs, pod);
        await RunAsync(jobs, mesh);

        // The same job as its successor finds it: stored and staged, but not ended.
        await PostgresFixture.ExecuteAsync(jobs.Source, "UPDATE inference.jobs SET state = 2, lease_until = now() - interval '1 second'");
        await RestoreDelegationAsync(jobs);
        var job = await jobs.ClaimAsync("b");
        await mesh.RunAsync(job);
        Assert.Equal(Job.Types.State.Succeeded, (await jobs.ReadAsync(job.Record)).JobState);
        Assert.Equal((1, 1), (mesh.Archive.Stored.Count, pod.Calls));
    }

    [SkippableFact]
    public async Task A_run_that_lost_its_lease_stores_nothing()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await using var mesh = await LittleMesh.StartAsync(jobs, PodStub.Segmenting());
        await jobs.AddAsync();
        var first = await jobs.ClaimAsync();
        await jobs.ExpireLeasesAsync();
        await jobs.ClaimAsync("b");
        await mesh.RunAsync(first);
        Assert.Empty(mesh.Archive.Stored);
        Assert.Equal(Job.Types.State.Running, (await jobs.ReadAsync(first.Record)).JobState);
    }

    [SkippableFact]
    public async Task A_model_without_a_ready_replica_fails_with_what_the_model_service_says()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await using var mesh = await LittleMesh.StartAsync(jobs);
        mesh.Models.Set.Problem = "The pod does not start";
        var error = jobs.Seal.OpenError(await RunAsync(jobs, mesh))!;
        Assert.Equal((Reason.ModelNotReady, "The pod does not start"), (error.Reason, error.Detail));
    }

    private static async Task<JobRecord> RunAsync(JobDatabase jobs, LittleMesh mesh)
    {
        await jobs.AddAsync();
        var job = await jobs.ClaimAsync();
        await mesh.RunAsync(job).WaitAsync(TimeSpan.FromMinutes(2));
        return await jobs.ReadAsync(job.Record);
    }

    private static async Task<bool> ReachesAsync(Func<bool> condition, TimeSpan within)
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < within; await Task.Delay(20))
        {
            if (condition()) return true;
        }

        return false;
    }

    private static async Task RestoreDelegationAsync(JobDatabase jobs)
    {
        await using var read = jobs.Source.CreateCommand("SELECT id FROM inference.jobs");
        var id = (Guid)(await read.ExecuteScalarAsync())!;
        await using var command = jobs.Source.CreateCommand("UPDATE inference.jobs SET delegation = $1");
        command.Parameters.AddWithValue(jobs.Seal.Delegation(id, "the-delegation-token"));
        await command.ExecuteNonQueryAsync();
    }
}
