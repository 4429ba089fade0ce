using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Study.V1;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class UploadTests(PostgresFixture postgres)
{
    private readonly Guid _doctor = Guid.NewGuid();

    [SkippableTheory]
    [InlineData(64 << 10)]
    [InlineData(100)]
    [InlineData(1)]
    public async Task What_comes_back_is_what_went_in_whatever_the_chunks(int chunk)
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        List<byte[]> files = SampleFile.Series(3, rows: chunk == 1 ? 8 : 300, columns: chunk == 1 ? 8 : 300);
        IReadOnlyList<InstanceResult> results = await archive.UploadAsync(_doctor, files, chunk);
        Assert.All(results, r => Assert.Equal(Outcome.Stored, r.Outcome));
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], await archive.RetrieveAsync(_doctor, results[i].SopInstanceUid));
        }
    }

    [SkippableFact]
    public async Task A_corrupt_file_among_good_ones_is_reported_alone_and_leaves_nothing_behind()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        List<byte[]> files = SampleFile.Series(3);
        string other = DicomUid.Create();
        byte[] truncated = SampleFile.Series(1, other)[0][..^20];
        IReadOnlyList<InstanceResult> results = await archive.UploadAsync(_doctor, [files[0], "not DICOM at all, but long enough to be looked at"u8.ToArray(), files[1], truncated, files[2]]);
        Assert.Equal([Outcome.Stored, Outcome.Refused, Outcome.Stored, Outcome.Refused, Outcome.Stored], results.Select(r => r.Outcome));
        Assert.Equal(Reason.DicomNotRecognised, results[1].Reason);
        Assert.True(results[3].Reason is Reason.DicomTruncated or Reason.DicomLengthInvalid);
        Assert.Equal(1, await archive.CountAsync("SELECT count(*) FROM studies"));
        Assert.Equal(3, await archive.CountAsync("SELECT count(*) FROM instances"));
        Assert.Equal(2, await archive.CountAsync("SELECT refused_instances FROM uploads"));
        Assert.Single(archive.Store.List());
        Assert.Equal(files[2], await archive.RetrieveAsync(_doctor, results[4].SopInstanceUid));
    }

    [SkippableFact]
    public async Task The_same_bytes_again_are_a_duplicate_and_other_bytes_are_refused()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string study = DicomUid.Create(), series = DicomUid.Create(), instance = DicomUid.Create();
        byte[] first = SampleFile.Of(SampleFile.Dataset(study, series, instance, 1));
        byte[] other = SampleFile.Of(SampleFile.Dataset(study, series, instance, 2));

        IReadOnlyList<InstanceResult> within = await archive.UploadAsync(_doctor, [first, first, other]);
        Assert.Equal([Outcome.Stored, Outcome.Duplicate, Outcome.Refused], within.Select(r => r.Outcome));
        Assert.Equal(Reason.InstanceConflict, within[2].Reason);

        IReadOnlyList<InstanceResult> later = await archive.UploadAsync(_doctor, [other, first]);
        Assert.Equal([Outcome.Refused, Outcome.Duplicate], later.Select(r => r.Outcome));
        Assert.Equal(first, await archive.RetrieveAsync(_doctor, instance));
        Assert.Equal(1, await archive.CountAsync("SELECT instance_count FROM studies"));
    }

    [SkippableFact]
    public async Task Two_owners_may_hold_the_same_study()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        List<byte[]> files = SampleFile.Series(2);
        Guid other = Guid.NewGuid();
        Assert.All(await archive.UploadAsync(_doctor, files), r => Assert.Equal(Outcome.Stored, r.Outcome));
        Assert.All(await archive.UploadAsync(other, files), r => Assert.Equal(Outcome.Stored, r.Outcome));
        Assert.Equal(2, await archive.CountAsync("SELECT count(DISTINCT id) FROM studies"));
    }

    [SkippableFact]
    public async Task Concurrent_uploads_of_the_same_files_by_two_replicas_store_each_once()
    {
        await using Archive archive = await Archive.CreateAsync(postgres, o => o.GroupInstances = 3);
        await using Archive replica = await archive.ReplicaAsync();
        string study = DicomUid.Create();
        List<byte[]> files = [.. SampleFile.Series(20, study), .. SampleFile.Series(10, study)];
        IReadOnlyList<InstanceResult>[] calls = await Task.WhenAll(
            archive.UploadAsync(_doctor, files), replica.UploadAsync(_doctor, files), archive.UploadAsync(_doctor, files.AsEnumerable().Reverse()),
            replica.UploadAsync(_doctor, files));
        Assert.All(calls.SelectMany(c => c), r => Assert.NotEqual(Outcome.Refused, r.Outcome));
        Assert.Equal(files.Count, calls.SelectMany(c => c).Count(r => r.Outcome == Outcome.Stored));
        Assert.Equal(files.Count, await archive.CountAsync("SELECT instance_count FROM studies"));
        Assert.Equal(2, await archive.CountAsync("SELECT series_count FROM studies"));
        Assert.Equal(files.Count, await archive.CountAsync("SELECT sum(instance_count) FROM metadata_batches"));
        Assert.Equal(3 * files.Count, await archive.CountAsync("SELECT sum(duplicate_instances) FROM uploads"));
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], await replica.RetrieveAsync(_doctor, calls[0][i].SopInstanceUid));
        }
    }

    [SkippableFact]
    public async Task An_upload_goes_on_at_the_committed_number_and_nowhere_else()
    {
        await using Archive archive = await Archive.CreateAsync(postgres, o => o.GroupInstances = 2);
        List<byte[]> files = SampleFile.Series(5);
        Guid upload = await archive.CreateUploadAsync(_doctor);
        await using (UploadSession broken = archive.Session(upload, _doctor))
        {
            foreach (byte[] file in files[..3])
            {
                await Archive.SendAsync(broken, file);
            }

            // The third is complete but in no group that was ended; the fourth never ends.
            broken.Begin(files[3].Length);
            await broken.WriteAsync(files[3].AsMemory(0, 600));
        }

        Assert.Equal(2, await archive.CountAsync("SELECT committed_instances FROM uploads"));
        await using (UploadSession moved = archive.Session(upload, _doctor, first: 1))
        {
            await Archive.SendAsync(moved, files[1]);
            await Assert.ThrowsAsync<UploadMovedException>(moved.CommitAsync);
        }

        await using UploadSession resumed = archive.Session(upload, _doctor, first: 2);
        foreach (byte[] file in files[2..])
        {
            await Archive.SendAsync(resumed, file);
        }

        await resumed.CommitAsync();
        Assert.All(resumed.Results, r => Assert.Equal(Outcome.Stored, r.Outcome));
        Assert.Equal(5, await archive.CountAsync("SELECT stored_instances FROM uploads"));
        Assert.Equal(files[4], await archive.RetrieveAsync(_doctor, resumed.Results[2].SopInstanceUid));
    }

    [SkippableFact]
    public async Task An_instance_of_another_study_than_the_bound_one_is_refused()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string bound = DicomUid.Create();
        await using UploadSession session = archive.Session(await archive.CreateUploadAsync(_doctor), _doctor, bound: bound);
        await Archive.SendAsync(session, SampleFile.Series(1)[0]);
        await Archive.SendAsync(session, SampleFile.Series(1, bound)[0]);
        await session.CommitAsync();
        Assert.Equal(Reason.StudyMismatch, session.Results[0].Reason);
        Assert.Equal(Outcome.Stored, session.Results[1].Outcome);
    }

    [SkippableFact]
    public async Task An_executable_preamble_is_zeroed_and_a_wrong_size_is_refused()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        byte[] file = SampleFile.Series(1)[0];
        byte[] polyglot = (byte[])file.Clone();
        "MZ"u8.CopyTo(polyglot);
        await using UploadSession session = archive.Session(await archive.CreateUploadAsync(_doctor), _doctor);
        await Archive.SendAsync(session, polyglot, chunk: 7);
        await Archive.SendAsync(session, SampleFile.Series(1)[0], declared: 100);
        await Archive.SendAsync(session, SampleFile.Series(1)[0], declared: 1 << 20);
        await Archive.SendAsync(session, SampleFile.Series(1)[0], declared: 5L << 30);
        await session.CommitAsync();
        Assert.Equal(file, await archive.RetrieveAsync(_doctor, session.Results[0].SopInstanceUid));
        Assert.All(session.Results.Skip(1), r => Assert.Equal(Outcome.Refused, r.Outcome));
        Assert.Equal(Reason.LimitExceeded, session.Results[3].Reason);
    }

    [SkippableFact]
    public async Task Many_studies_in_one_call_need_few_open_packs_and_full_packs_are_followed_by_new_ones()
    {
        await using Archive archive = await Archive.CreateAsync(postgres, o =>
        {
            o.PacksPerCall = 2;
            o.PackBytes = 4000;
        });
        List<byte[]> files = [];
        foreach (int _ in Enumerable.Range(0, 5))
        {
            files.AddRange(SampleFile.Series(4));
        }

        IReadOnlyList<InstanceResult> results = await archive.UploadAsync(_doctor, files);
        Assert.Equal(Enumerable.Range(0, files.Count).Select(n => (long)n), results.Select(r => r.Number));
        Assert.Equal(5, await archive.CountAsync("SELECT count(*) FROM studies WHERE instance_count = 4"));
        Assert.True(await archive.CountAsync("SELECT count(*) FROM packs") >= 10);
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], await archive.RetrieveAsync(_doctor, results[i].SopInstanceUid));
        }
    }
}
