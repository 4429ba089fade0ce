using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Problem = MedCloudCare.Study.V1.VerifyArchiveResponse.Types.Finding.Types.Problem;

namespace MedCloudCare.Studies.Tests;

public abstract partial class StoreContractTests
{
    private const string Live = "SELECT count(*) FROM packs WHERE retire_time IS NULL";

    [SkippableFact]
    public async Task Small_packs_and_batches_are_merged_and_the_old_ones_go_after_their_grace()
    {
        await using Archive archive = await OpenAsync(o => o.IdlePacks = 0);
        Dictionary<string, byte[]> files = await UploadOneByOneAsync(archive, SampleFile.Series(9));
        Assert.Equal(9, await archive.CountAsync(Live));
        MaintenanceResult done = await archive.CompactAsync(grace: TimeSpan.FromHours(1));
        Assert.Equal((9, 9, 1), (done.MergedBatches, done.RetiredPacks, done.WrittenPacks));
        Assert.Equal(1, await archive.CountAsync(Live));
        Assert.Equal(1, await archive.CountAsync("SELECT count(*) FROM metadata_batches WHERE retire_time IS NULL"));
        Assert.Equal(10, (await archive.Objects.ListAsync(default).ToListAsync()).Count);
        await AssertStoredAsync(archive, files);

        Assert.Equal(9, (await archive.CompactAsync(grace: TimeSpan.Zero)).Swept.Packs);
        Assert.Single(await archive.Objects.ListAsync(default).ToListAsync());
        Assert.Equal(1, await archive.CountAsync("SELECT count(*) FROM metadata_batches"));
        await AssertStoredAsync(archive, files);
        Assert.Equal(default, await archive.CompactAsync(grace: TimeSpan.Zero, orphanGrace: TimeSpan.Zero));
        (List<VerifyArchiveResponse.Types.Finding> findings, VerifyCount count) = await archive.VerifyAsync();
        Assert.Empty(findings);
        Assert.Equal(9, count.Instances);
    }

    [SkippableFact]
    public async Task A_reader_that_knows_the_old_place_is_served_while_packs_are_merged()
    {
        await using Archive archive = await OpenAsync(o => o.IdlePacks = 0);
        Dictionary<string, byte[]> files = await UploadOneByOneAsync(archive, SampleFile.Series(5));
        List<StoredInstance> before = await StoredInstance.ListOfStudyAsync(archive.Database, await archive.StudyIdAsync(_doctor), default);
        await archive.CompactAsync(grace: TimeSpan.FromHours(1));
        using DataKey key = await archive.Keys.GetAsync(before[0].StudyId);
        foreach (StoredInstance instance in before)
        {
            using StoredFile file = StoredFile.Open(archive.Objects, instance, key);
            using MemoryStream bytes = new();
            await foreach (ReadOnlyMemory<byte> piece in file.ReadAsync(0, file.Length, default))
            {
                bytes.Write(piece.Span);
            }

            Assert.Equal(files[instance.SopInstanceUid], bytes.ToArray());
        }
    }

    [SkippableFact]
    public async Task Bytes_of_a_deleted_instance_leave_the_pack_that_holds_others()
    {
        await using Archive archive = await OpenAsync();
        Dictionary<string, byte[]> files = [];
        List<byte[]> series = SampleFile.Series(4);
        IReadOnlyList<InstanceResult> stored = await archive.UploadAsync(_doctor, series);
        archive.Packs.Dispose();
        for (int i = 1; i < 4; i++)
        {
            files.Add(stored[i].SopInstanceUid, series[i]);
        }

        await archive.ExecuteAsync($"DELETE FROM instances WHERE sop_instance_uid = '{stored[0].SopInstanceUid}'");
        long before = Assert.Single(await archive.Objects.ListAsync(default).ToListAsync()).Length;
        MaintenanceResult done = await archive.CompactAsync(grace: TimeSpan.Zero);
        Assert.Equal((1, 1, 1), (done.RetiredPacks, done.WrittenPacks, done.Swept.Packs));
        Assert.True(before - Assert.Single(await archive.Objects.ListAsync(default).ToListAsync()).Length >= series[0].Length);
        await AssertStoredAsync(archive, files);
        Assert.Empty((await archive.VerifyAsync()).Findings);
    }

    [SkippableFact]
    public async Task An_object_that_nothing_refers_to_goes_after_its_grace_and_not_while_a_backup_holds()
    {
        await using Archive archive = await OpenAsync();
        await archive.UploadAsync(_doctor, SampleFile.Series(2));
        archive.Packs.Dispose();
        Guid orphan = Guid.CreateVersion7();
        using (IObjectAppender appender = archive.Objects.Create(orphan))
        {
            appender.Append(new byte[500]);
            await appender.FlushAsync(default);
        }

        Assert.Equal(Problem.Unreferenced, Assert.Single((await archive.VerifyAsync()).Findings).Problem);
        Assert.Equal(0, (await archive.CompactAsync(TimeSpan.Zero, orphanGrace: TimeSpan.FromHours(1))).Swept.Orphans);
        Guid hold = Guid.NewGuid();
        await archive.Holds.HoldAsync(hold, default);
        Assert.Equal(0, (await archive.CompactAsync(TimeSpan.Zero, orphanGrace: TimeSpan.Zero)).Swept.Orphans);
        await archive.Holds.ReleaseAsync(hold);
        Assert.Equal(1, (await archive.CompactAsync(TimeSpan.Zero, orphanGrace: TimeSpan.Zero)).Swept.Orphans);
        Assert.Null(await archive.Objects.FindAsync(orphan, default));
        Assert.Empty((await archive.VerifyAsync()).Findings);
    }

    [SkippableFact]
    public async Task Verification_names_what_is_missing_cut_or_changed()
    {
        await using Archive archive = await OpenAsync(o => o.IdlePacks = 0);
        await UploadOneByOneAsync(archive, SampleFile.Series(5));
        List<PackRow> packs = await archive.Database.CreateCommand("SELECT id, study_id, size FROM packs ORDER BY id")
            .ListAsync(r => new PackRow(r.GetGuid(0), r.GetGuid(1), r.GetInt64(2)), default);
        await archive.Objects.DeleteAsync(packs[0].Id, default);
        await ReplaceAsync(archive, packs[1].Id, bytes => bytes[..^1]);
        await ReplaceAsync(archive, packs[2].Id, bytes => Flip(bytes, 200));
        await ReplaceAsync(archive, packs[3].Id, bytes => Flip(bytes, bytes.Length - PackFormat.TrailerLength - 5));
        await archive.ExecuteAsync($"UPDATE instances SET layout = set_byte(layout, 20, get_byte(layout, 20) # 1) WHERE pack_id = '{packs[4].Id}'");
        List<VerifyArchiveResponse.Types.Finding> findings = (await archive.VerifyAsync()).Findings;
        Assert.Equal([Problem.ObjectMissing], ProblemsOf(packs[0]));
        Assert.Equal([Problem.ObjectTruncated, Problem.ManifestBroken], ProblemsOf(packs[1]));
        Assert.Equal([Problem.InstanceBroken], ProblemsOf(packs[2]));
        Assert.Equal([Problem.ManifestBroken], ProblemsOf(packs[3]));
        Assert.Equal([Problem.RowBroken], ProblemsOf(packs[4]));

        // Without the bytes of instances, what is wrong with them is not seen.
        Assert.DoesNotContain((await archive.VerifyAsync(quick: true)).Findings, f => f.Problem == Problem.InstanceBroken);

        IEnumerable<Problem> ProblemsOf(PackRow pack) => findings.Where(f => f.Object == pack.Id.ToString()).Select(f => f.Problem);
    }

    [SkippableFact]
    public async Task A_damaged_study_keeps_no_other_from_being_merged()
    {
        await using Archive archive = await OpenAsync(o => o.IdlePacks = 0);
        await UploadOneByOneAsync(archive, SampleFile.Series(4));
        Guid damaged = await archive.StudyIdAsync(_doctor);
        await archive.ExecuteAsync("UPDATE metadata_batches SET content = set_byte(content, 20, get_byte(content, 20) # 1)");
        Guid nurse = Guid.NewGuid();
        Dictionary<string, byte[]> files = await UploadOneByOneAsync(archive, SampleFile.Series(4), nurse);
        MaintenanceResult done = await archive.CompactAsync(grace: TimeSpan.FromHours(1));
        Assert.Equal((4, 4, 1), (done.MergedBatches, done.RetiredPacks, done.WrittenPacks));
        Assert.Equal(4, await archive.CountAsync($"{Live} AND study_id = '{damaged}'"));
        await AssertStoredAsync(archive, files, nurse);
    }

    private async Task<Dictionary<string, byte[]>> UploadOneByOneAsync(Archive archive, List<byte[]> files, Guid? account = null)
    {
        Dictionary<string, byte[]> stored = [];
        foreach (byte[] file in files)
        {
            InstanceResult result = Assert.Single(await archive.UploadAsync(account ?? _doctor, [file]));
            Assert.Equal(InstanceResult.Types.Outcome.Stored, result.Outcome);
            stored.Add(result.SopInstanceUid, file);
        }

        return stored;
    }

    private async Task AssertStoredAsync(Archive archive, Dictionary<string, byte[]> files, Guid? account = null)
    {
        Assert.Equal(files.Count, await archive.CountAsync($"SELECT count(*) FROM instances WHERE owner = '{account ?? _doctor}'"));
        foreach ((string uid, byte[] file) in files)
        {
            Assert.Equal(file, await archive.RetrieveAsync(account ?? _doctor, uid));
        }
    }

    private static async Task ReplaceAsync(Archive archive, Guid id, Func<byte[], byte[]> change)
    {
        byte[] bytes;
        using (IObjectReader reader = archive.Objects.Open(id))
        {
            bytes = await ReadAsync(reader, 0, (int)(await archive.Objects.FindAsync(id, default))!.Value.Length);
        }

        await archive.Objects.DeleteAsync(id, default);
        using IObjectAppender appender = archive.Objects.Create(id);
        appender.Append(change(bytes));
        await appender.FlushAsync(default);
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        bytes[at] ^= 1;
        return bytes;
    }
}
