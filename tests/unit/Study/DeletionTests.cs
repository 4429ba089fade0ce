using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class DeletionTests(PostgresFixture postgres)
{
    private readonly Guid _doctor = Guid.NewGuid();

    [SkippableFact]
    public async Task A_deleted_study_is_gone_at_once_with_its_key_and_its_packs_follow()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        IReadOnlyList<InstanceResult> results = await archive.UploadAsync(_doctor, SampleFile.Series(3));
        Guid study = await archive.StudyIdAsync(_doctor);
        await archive.ExecuteAsync($"INSERT INTO uploads (id, account, study_id) VALUES (gen_random_uuid(), '{_doctor}', '{study}')");

        Assert.True(await Of(archive).DeleteAsync(study, _doctor));

        await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => archive.RetrieveAsync(_doctor, results[0].SopInstanceUid));
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await archive.Keys.GetAsync(study));
        foreach (string table in new[] { "studies", "series", "instances", "metadata_batches", "packs", "uploads WHERE study_id IS NOT NULL" })
        {
            Assert.Equal(0, await archive.CountAsync($"SELECT count(*) FROM {table}"));
        }

        await WorkerOf(archive).RunOnceAsync(CancellationToken.None);
        Assert.Empty(Directory.EnumerateFiles(archive.Options.Objects, "*.pack", SearchOption.AllDirectories));
        Assert.Equal(0, await archive.CountAsync("SELECT count(*) FROM dead_packs"));
        Assert.False(await Of(archive).DeleteAsync(study, _doctor));
    }

    [SkippableFact]
    public async Task Nobody_deletes_what_another_owns()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        IReadOnlyList<InstanceResult> results = await archive.UploadAsync(_doctor, SampleFile.Series(1));
        Assert.False(await Of(archive).DeleteAsync(await archive.StudyIdAsync(_doctor), Guid.NewGuid()));
        Assert.NotEmpty(await archive.RetrieveAsync(_doctor, results[0].SopInstanceUid));
    }

    [SkippableFact]
    public async Task Every_replica_misses_a_deleted_study_in_its_next_answer_and_sees_it_when_it_is_stored_again()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await using Archive replica = await archive.ReplicaAsync();
        string kept = DicomUid.Create(), deleted = DicomUid.Create();
        List<byte[]> files = SampleFile.Series(2, deleted);
        await archive.UploadAsync(_doctor, SampleFile.Series(1, kept));
        await archive.UploadAsync(_doctor, files);
        Assert.Equal(2, (await replica.Index.OwnAsync(_doctor, default)).Count);
        Guid first = (await replica.Index.OwnAsync(_doctor, default)).Single(s => s.Text(StudyField.StudyInstanceUid) == deleted).Id;

        Assert.True(await Of(archive).DeleteAsync(first, _doctor));
        Assert.Equal(kept, Assert.Single(await replica.Index.OwnAsync(_doctor, default)).Text(StudyField.StudyInstanceUid));

        Assert.All(await replica.UploadAsync(_doctor, files), r => Assert.Equal(Outcome.Stored, r.Outcome));
        Guid second = (await archive.Index.OwnAsync(_doctor, default)).Single(s => s.Text(StudyField.StudyInstanceUid) == deleted).Id;
        Assert.NotEqual(first, second);
    }

    [SkippableFact]
    public async Task An_upload_that_runs_while_its_study_is_deleted_fails_whole_and_can_be_repeated()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await using Archive replica = await archive.ReplicaAsync();
        string uid = DicomUid.Create();
        await archive.UploadAsync(_doctor, SampleFile.Series(1, uid));
        List<byte[]> files = SampleFile.Series(2, uid);
        Guid upload = await archive.CreateUploadAsync(_doctor);
        await using (UploadSession running = archive.Session(upload, _doctor))
        {
            await Archive.SendAsync(running, files[0]);
            Assert.True(await Of(replica).DeleteAsync(await archive.StudyIdAsync(_doctor), _doctor));
            await Archive.SendAsync(running, files[1]);
            await Assert.ThrowsAsync<StudyVanishedException>(running.CommitAsync);

            // While the first one still holds the old study, a second call goes on with a new one.
            await using UploadSession again = archive.Session(upload, _doctor);
            await Archive.SendAsync(again, files[0]);
            await Archive.SendAsync(again, files[1]);
            await again.CommitAsync();
            Assert.All(again.Results, r => Assert.Equal(Outcome.Stored, r.Outcome));
            Assert.Equal(2, await archive.CountAsync("SELECT count(*) FROM instances"));
            Assert.Equal(files[1], await archive.RetrieveAsync(_doctor, again.Results[1].SopInstanceUid));
        }

        // The first one lets go of the old study: the new one stays.
        Assert.Equal(Outcome.Duplicate, Assert.Single(await archive.UploadAsync(_doctor, files[..1])).Outcome);
    }

    [SkippableFact]
    public async Task A_deletion_that_a_crash_cut_short_is_finished()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await archive.UploadAsync(_doctor, SampleFile.Series(1));
        Guid study = await archive.StudyIdAsync(_doctor);

        // The process dies after the transaction and before the erasure.
        Assert.True(await DeletionTransaction.RunAsync(archive.Database, study, _doctor));
        using (await archive.Keys.GetAsync(study))
        {
        }

        await using Archive restarted = await archive.ReplicaAsync();
        await WorkerOf(restarted).RunOnceAsync(CancellationToken.None);
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await restarted.Keys.GetAsync(study));
        Assert.Equal(1, await restarted.CountAsync("SELECT count(*) FROM deletions WHERE key_erased"));
    }

    [SkippableFact]
    public async Task A_database_older_than_the_key_store_loses_the_rows_of_what_was_deleted_and_takes_the_study_anew()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string uid = DicomUid.Create(), other = DicomUid.Create();
        List<byte[]> files = SampleFile.Series(1, uid), others = SampleFile.Series(1, other);
        string instance = (await archive.UploadAsync(_doctor, files))[0].SopInstanceUid;
        string otherInstance = (await archive.UploadAsync(_doctor, others))[0].SopInstanceUid;
        Guid study = (await archive.Index.OwnAsync(_doctor, default)).Single(s => s.Text(StudyField.StudyInstanceUid) == uid).Id;

        // As after a restore: the rows are there, the key was erased since.
        await archive.Keys.EraseAsync(study);
        await Assert.ThrowsAsync<DataKeyErasedException>(() => archive.RetrieveAsync(_doctor, instance));
        Assert.All(await archive.UploadAsync(_doctor, files), r => Assert.Equal(Outcome.Stored, r.Outcome));
        Assert.Equal(files[0], await archive.RetrieveAsync(_doctor, instance));

        Guid stored = (await archive.Index.OwnAsync(_doctor, default)).Single(s => s.Text(StudyField.StudyInstanceUid) == uid).Id;
        await archive.Keys.EraseAsync(stored);
        Assert.Equal(1, await Of(archive).RemoveErasedAsync(CancellationToken.None));
        Assert.Equal(other, Assert.Single(await archive.Index.OwnAsync(_doctor, default)).Text(StudyField.StudyInstanceUid));
        Assert.Equal(others[0], await archive.RetrieveAsync(_doctor, otherInstance));
    }

    [SkippableFact]
    public async Task No_key_is_left_without_a_row_when_a_reservation_fails()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await archive.ExecuteAsync("ALTER TABLE studies ADD CONSTRAINT fails CHECK (owner IS NULL)");
        await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => archive.UploadAsync(_doctor, SampleFile.Series(1)));
        Assert.Empty(Directory.EnumerateFiles(archive.Options.KeyStore, "*.key", SearchOption.AllDirectories));

        // A reservation whose maker died before it had a key, and one that died between erasing and removing it.
        await archive.ExecuteAsync("ALTER TABLE studies DROP CONSTRAINT fails");
        string uid = DicomUid.Create();
        Guid erased = Guid.CreateVersion7();
        (await archive.Keys.CreateAsync(erased)).Dispose();
        await archive.Keys.EraseAsync(erased);
        await archive.ExecuteAsync($"INSERT INTO studies (id, owner, study_instance_uid) VALUES ('{erased}', '{_doctor}', '{uid}')");
        Assert.All(await archive.UploadAsync(_doctor, SampleFile.Series(1, uid)), r => Assert.Equal(Outcome.Stored, r.Outcome));

        string second = DicomUid.Create();
        await archive.ExecuteAsync($"INSERT INTO studies (id, owner, study_instance_uid) VALUES (gen_random_uuid(), '{_doctor}', '{second}')");
        Assert.All(await archive.UploadAsync(_doctor, SampleFile.Series(1, second)), r => Assert.Equal(Outcome.Stored, r.Outcome));
    }

    [SkippableFact]
    public async Task A_deleted_instance_and_a_deleted_series_leave_the_rest_with_its_metadata_and_counts()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string uid = DicomUid.Create();
        List<byte[]> first = SampleFile.Series(4, uid), second = SampleFile.Series(2, uid);
        IReadOnlyList<InstanceResult> results = await archive.UploadAsync(_doctor, [.. first, .. second]);
        Guid study = await archive.StudyIdAsync(_doctor);
        PartDeletion parts = new(archive.Database, archive.Keys, Of(archive), NullLogger<PartDeletion>.Instance);

        Assert.True(await parts.DeleteAsync(study, _doctor, results[1].SeriesInstanceUid, results[1].SopInstanceUid));
        Assert.False(await parts.DeleteAsync(study, _doctor, results[1].SeriesInstanceUid, results[1].SopInstanceUid));
        Assert.False(await parts.DeleteAsync(study, Guid.NewGuid(), results[0].SeriesInstanceUid, results[0].SopInstanceUid));
        await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => archive.RetrieveAsync(_doctor, results[1].SopInstanceUid));
        Assert.Equal(first[2], await archive.RetrieveAsync(_doctor, results[2].SopInstanceUid));
        SearchRequest all = new() { Level = SearchRequest.Types.Level.Instance, IncludeAll = true, StudyInstanceUid = uid };
        List<DicomDataset> found = await archive.SearchAsync(_doctor, all);
        Assert.Equal(results.Where((_, i) => i != 1).Select(r => r.SopInstanceUid).Order(StringComparer.Ordinal),
            found.Select(d => d.GetString(DicomTags.SOPInstanceUID)).Order(StringComparer.Ordinal));
        Assert.Equal(new[] { 1, 3, 4 }, found.Where(d => d.GetString(DicomTags.SeriesInstanceUID) == results[0].SeriesInstanceUid)
            .Select(d => d.GetInt(DicomTags.InstanceNumber)!.Value).Order());
        StudyRecord record = Assert.Single(await archive.Index.OwnAsync(_doctor, default));
        Assert.Equal((2, 5), (record.SeriesCount, record.InstanceCount));

        Assert.True(await parts.DeleteAsync(study, _doctor, results[0].SeriesInstanceUid, ""));
        record = Assert.Single(await archive.Index.OwnAsync(_doctor, default));
        Assert.Equal((1, 2), (record.SeriesCount, record.InstanceCount));
        Assert.Equal(second.Sum(f => (long)f.Length), record.SizeBytes);
        Assert.Equal(second[0], await archive.RetrieveAsync(_doctor, results[4].SopInstanceUid));

        // What was deleted can be stored again; the last instances take the study with them.
        Assert.Equal(Outcome.Stored, (await archive.UploadAsync(_doctor, first[1..2]))[0].Outcome);
        Assert.True(await parts.DeleteAsync(study, _doctor, results[1].SeriesInstanceUid, ""));
        Assert.True(await parts.DeleteAsync(study, _doctor, results[4].SeriesInstanceUid, results[4].SopInstanceUid));
        Assert.True(await parts.DeleteAsync(study, _doctor, results[5].SeriesInstanceUid, results[5].SopInstanceUid));
        Assert.Empty(await archive.Index.OwnAsync(_doctor, default));
        await Assert.ThrowsAsync<DataKeyErasedException>(async () => await archive.Keys.GetAsync(study));
    }

    private static StudyDeletion Of(Archive archive) =>
        new(archive.Database, archive.Keys, archive.Registry, new DeletionSignal(), NullLogger<StudyDeletion>.Instance);

    private static DeletionWorker WorkerOf(Archive archive) =>
        new(archive.Database, archive.Store, new RemovalHolds(archive.Database), Of(archive), grants: null, new DeletionSignal(), NullLogger<DeletionWorker>.Instance);
}
