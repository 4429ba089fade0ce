using System.Collections.Concurrent;
using CsCheck;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Store;

namespace MedCloudCare.Jobs.Tests;

[Collection(PostgresCollection.Name)]
public sealed class JobStoreTests(PostgresFixture postgres)
{
    [SkippableFact]
    public async Task Many_workers_take_every_job_exactly_once()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        for (var i = 0; i < 60; i++) await jobs.AddAsync();
        var taken = new ConcurrentBag<Guid>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            while (await jobs.Store.ClaimAsync($"worker {worker}", JobDatabase.Lease, default) is { } job) taken.Add(job.Id);
        })));
        Assert.Equal(60, taken.Count);
        Assert.Equal(60, taken.Distinct().Count());
    }

    [SkippableFact]
    public async Task A_job_whose_holder_is_silent_goes_to_another_and_the_first_can_write_nothing_more()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var job = await jobs.AddAsync();
        var first = await jobs.ClaimAsync("a");
        Assert.Null(await jobs.Store.ClaimAsync("b", JobDatabase.Lease, default));

        await jobs.ExpireLeasesAsync();
        var second = await jobs.ClaimAsync("b");
        Assert.Equal((2, 1), (second.Record.Attempt, second.Record.Crashes));
        Assert.True(second.Fence > first.Fence);
        Assert.Equal("the-delegation-token", second.Delegation);
        await AssertFencedOutAsync(jobs, first);
        Assert.Empty(await jobs.Store.RenewAsync([(first.Id, first.Fence)], JobDatabase.Lease, default));

        await jobs.Store.SucceedAsync(second, new JobResult { SeriesInstanceUid = "2.25.1" }, default);
        await AssertFencedOutAsync(jobs, second);
        var ended = await jobs.ReadAsync(job);
        Assert.Equal(Job.Types.State.Succeeded, ended.JobState);
        Assert.Equal("2.25.1", jobs.Seal.OpenResult(ended)!.SeriesInstanceUid);
        Assert.Null(ended.Delegation);
    }

    [SkippableFact]
    public async Task A_renewed_lease_holds_and_a_cancelled_job_is_not_renewed()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var job = await jobs.AddAsync();
        await jobs.AddAsync();
        var (one, two) = (await jobs.ClaimAsync(), await jobs.ClaimAsync());
        await jobs.Store.CancelAsync(job.Id, job.Owner, default);
        var renewed = await jobs.Store.RenewAsync([(one.Id, one.Fence), (two.Id, two.Fence)], JobDatabase.Lease, default);
        Assert.Equal([(two.Id, two.Fence)], renewed);
        await AssertFencedOutAsync(jobs, one);
        Assert.Equal(Job.Types.State.Cancelled, (await jobs.ReadAsync(job)).JobState);
    }

    [SkippableFact]
    public async Task A_restarted_process_takes_its_own_jobs_back_at_once_and_those_of_others_not()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await jobs.AddAsync();
        await jobs.AddAsync();
        var own = await jobs.ClaimAsync("a");
        await jobs.ClaimAsync("b");
        Assert.Equal(1, await jobs.Store.ReleaseInstanceAsync("a", default));
        var again = await jobs.ClaimAsync("a");
        Assert.Equal(own.Id, again.Id);
        Assert.Null(await jobs.Store.ClaimAsync("a", JobDatabase.Lease, default));
    }

    [SkippableFact]
    public async Task The_same_request_id_makes_one_job_however_many_ask_at_once()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var owner = Guid.NewGuid();
        var created = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => jobs.AddAsync(JobDatabase.NewJob(owner, "request-1"))));
        Assert.Single(created.Select(x => x.Id).Distinct());
        Assert.NotEqual(created[0].Id, (await jobs.AddAsync(JobDatabase.NewJob(requestId: "request-1"))).Id);
        Assert.NotEqual((await jobs.AddAsync(JobDatabase.NewJob(owner))).Id, (await jobs.AddAsync(JobDatabase.NewJob(owner))).Id);
    }

    [SkippableFact]
    public async Task Unfinished_jobs_of_an_account_are_limited_also_when_many_ask_at_once()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var owner = Guid.NewGuid();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            try
            {
                await jobs.Store.CreateAsync(JobDatabase.NewJob(owner), 3, default);
                return true;
            }
            catch (TooManyJobsException)
            {
                return false;
            }
        }));
        Assert.Equal(3, outcomes.Count(x => x));
        var claimed = await jobs.ClaimAsync();
        await jobs.Store.FailAsync(claimed, new JobError { Message = "x" }, default);
        await jobs.Store.CreateAsync(JobDatabase.NewJob(owner), 3, default);
    }

    [SkippableFact]
    public async Task A_postponed_job_waits_its_time()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var job = await jobs.AddAsync();
        await jobs.Store.PostponeAsync(await jobs.ClaimAsync(), TimeSpan.FromHours(1), default);
        Assert.Equal(Job.Types.State.Queued, (await jobs.ReadAsync(job)).JobState);
        Assert.Null(await jobs.Store.ClaimAsync("a", JobDatabase.Lease, default));
        await PostgresFixture.ExecuteAsync(jobs.Source, "UPDATE inference.jobs SET available_time = now()");
        Assert.Equal((2, 0), ((await jobs.ClaimAsync()).Record is var again ? (again.Attempt, again.Crashes) : default));
    }

    [SkippableFact]
    public async Task An_account_with_running_jobs_lets_others_go_first()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        Guid busy = Guid.NewGuid(), other = Guid.NewGuid();
        for (var i = 0; i < 3; i++) await jobs.AddAsync(JobDatabase.NewJob(busy));
        await jobs.AddAsync(JobDatabase.NewJob(other));
        Assert.Equal([busy, other, busy, busy], [(await jobs.ClaimAsync()).Record.Owner, (await jobs.ClaimAsync()).Record.Owner, (await jobs.ClaimAsync()).Record.Owner, (await jobs.ClaimAsync()).Record.Owner]);
    }

    [SkippableFact]
    public async Task Pages_hold_every_job_of_the_owner_once_newest_first()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        var owner = Guid.NewGuid();
        for (var i = 0; i < 7; i++) await jobs.AddAsync(JobDatabase.NewJob(owner));
        await jobs.AddAsync();
        var listed = new List<JobRecord>();
        (DateTimeOffset, Guid)? after = null;
        while (await jobs.Store.ListAsync(owner, "", LittleMesh.SeriesUid, after, 3, default) is { Count: > 0 } page)
        {
            listed.AddRange(page);
            after = (page[^1].CreateTime, page[^1].Id);
        }

        Assert.Equal(7, listed.Select(x => x.Id).Distinct().Count());
        Assert.Equal(listed.OrderByDescending(x => x.CreateTime).Select(x => x.Id), listed.Select(x => x.Id));
        Assert.Empty(await jobs.Store.ListAsync(owner, "", "2.25.99", null, 3, default));
    }

    [SkippableFact]
    public async Task Nothing_that_a_model_says_and_no_token_stands_in_the_database_in_clear()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await jobs.AddAsync();
        var job = await jobs.ClaimAsync();
        await jobs.Store.ReportAsync(job, 0.5, "Patient Muster", default);
        await jobs.Store.StageResultAsync(job, new JobResult { Findings = { new JobResult.Types.Finding { Label = "Finding Muster" } } }, default);
        await using var command = jobs.Source.CreateCommand("SELECT encode(message, 'escape') || encode(result, 'escape') || encode(delegation, 'escape') || jobs::text FROM inference.jobs");
        var dump = (string)(await command.ExecuteScalarAsync())!;
        Assert.DoesNotContain("Muster", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("the-delegation-token", dump, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString("Muster"u8), dump, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("Patient Muster", jobs.Seal.OpenMessage(await jobs.ReadAsync(job.Record)));
    }

    [SkippableFact]
    public async Task Progress_never_falls_within_an_attempt()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await jobs.AddAsync();
        var job = await jobs.ClaimAsync();
        await jobs.Store.ReportAsync(job, 0.5, "a", default);
        await jobs.Store.ReportAsync(job, 0.3, "b", default);
        Assert.Equal(0.5, (await jobs.ReadAsync(job.Record)).Progress);
        Assert.Equal(1, await jobs.Store.RecordLostPodAsync(job, default));
        Assert.Equal((0.0, 2), ((await jobs.ReadAsync(job.Record)) is var next ? (next.Progress, next.Attempt) : default));
    }

    [SkippableFact]
    public async Task Whatever_happens_in_whatever_order_only_the_newest_holder_ends_a_job()
    {
        await using var jobs = await JobDatabase.CreateAsync(postgres);
        await Gen.Int[0, 5].Array[1, 12].SampleAsync(
            async steps =>
            {
                await PostgresFixture.ExecuteAsync(jobs.Source, "DELETE FROM inference.jobs");
                var job = await jobs.AddAsync();
                var holders = new List<ClaimedJob>();
                var isHeld = false;
                foreach (var step in steps)
                {
                    var stale = holders.Count > 1 ? holders[^2] : null;
                    switch (step)
                    {
                        case 0 when await jobs.Store.ClaimAsync("x", JobDatabase.Lease, default) is { } claimed:
                            Assert.False(isHeld);
                            holders.Add(claimed);
                            isHeld = true;
                            break;
                        case 1:
                            await jobs.ExpireLeasesAsync();
                            isHeld = false;
                            break;
                        case 2 when stale is not null:
                            await AssertFencedOutAsync(jobs, stale);
                            break;
                        case 3 when isHeld:
                            await jobs.Store.ReportAsync(holders[^1], 0.1, "", default);
                            break;
                        case 4 when isHeld:
                            await jobs.Store.PostponeAsync(holders[^1], TimeSpan.Zero, default);
                            await AssertFencedOutAsync(jobs, holders[^1]);
                            isHeld = false;
                            break;
                        case 5 when isHeld:
                            await jobs.Store.SucceedAsync(holders[^1], new JobResult(), default);
                            Assert.Null(await jobs.Store.ClaimAsync("x", JobDatabase.Lease, default));
                            await AssertFencedOutAsync(jobs, holders[^1]);
                            Assert.Equal(Job.Types.State.Succeeded, (await jobs.ReadAsync(job)).JobState);
                            return;
                    }
                }
            },
            iter: 40,
            threads: 1);
    }

    private static async Task AssertFencedOutAsync(JobDatabase jobs, ClaimedJob stale)
    {
        await Assert.ThrowsAsync<LeaseLostException>(() => jobs.Store.ReportAsync(stale, 0.9, "late", default));
        await Assert.ThrowsAsync<LeaseLostException>(() => jobs.Store.RecordLostPodAsync(stale, default));
        await Assert.ThrowsAsync<LeaseLostException>(() => jobs.Store.StageResultAsync(stale, new JobResult(), default));
        await Assert.ThrowsAsync<LeaseLostException>(() => jobs.Store.SucceedAsync(stale, new JobResult(), default));
        await Assert.ThrowsAsync<LeaseLostException>(() => jobs.Store.FailAsync(stale, new JobError(), default));
        await Assert.ThrowsAsync<LeaseLostException>(() => jobs.Store.PostponeAsync(stale, TimeSpan.Zero, default));
    }
}
