using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies.Tests;

public abstract partial class StoreContractTests
{
    private const string Everything = """
        SELECT string_agg(line, E'\n' ORDER BY line) FROM (
            SELECT concat_ws('|', 'study', id, owner, study_instance_uid, encode(patient_key, 'hex'), series_count, instance_count, size_bytes) AS line FROM studies
            UNION ALL
            SELECT concat_ws('|', 'series', id, study_id, series_instance_uid, author, instance_count, size_bytes) FROM series
            UNION ALL
            SELECT concat_ws('|', 'instance', id, owner, series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, pack_id,
                pack_offset, sealed_length, length, encode(seal_header, 'hex'), encode(sha256, 'hex'), rows, columns, bits_allocated, frames) FROM instances
            UNION ALL
            SELECT concat_ws('|', 'pack', id, study_id, size) FROM packs WHERE retire_time IS NULL) l
        """;

    private const string LoseDatabase = "TRUNCATE owners, studies, series, packs, metadata_batches, instances, uploads, deletions, dead_packs";

    [SkippableFact]
    public async Task A_lost_database_is_made_again_from_the_store_and_the_keys_alone()
    {
        await using Archive archive = await OpenAsync(o =>
        {
            o.IdlePacks = 0;
            o.GroupInstances = 4;
        });
        Guid nurse = Guid.NewGuid();
        string shared = Dicom.DicomUid.Create();
        List<byte[]> both = SampleFile.Series(3, shared);
        Dictionary<string, byte[]> doctors = await UploadOneByOneAsync(archive, [.. SampleFile.Series(6), .. both]);
        Dictionary<string, byte[]> nurses = await UploadOneByOneAsync(archive, both, nurse);
        List<byte[]> whole = SampleFile.Series(11, shared);
        foreach (InstanceResult result in await archive.UploadAsync(_doctor, whole))
        {
            doctors.Add(result.SopInstanceUid, whole[(int)result.Number]);
        }

        // Merged packs beside the ones that they replace, which still list an instance that was deleted before.
        string deleted = doctors.Keys.First();
        await archive.ExecuteAsync($"DELETE FROM instances WHERE sop_instance_uid = '{deleted}'");
        await archive.ExecuteAsync($"""
            UPDATE series SET instance_count = n.count, size_bytes = n.bytes
                FROM (SELECT series_id, count(*), sum(length) AS bytes FROM instances GROUP BY 1) n WHERE series.id = n.series_id;
            UPDATE studies SET instance_count = n.count, size_bytes = n.bytes
                FROM (SELECT e.study_id, count(*), sum(length) AS bytes FROM instances i JOIN series e ON e.id = i.series_id GROUP BY 1) n WHERE studies.id = n.study_id
            """);
        doctors.Remove(deleted);
        Assert.NotEqual(0, (await archive.CompactAsync(grace: TimeSpan.FromHours(1))).WrittenPacks);

        // A study whose key was erased must not come back.
        Guid former = Guid.NewGuid();
        await archive.UploadAsync(former, SampleFile.Series(2));
        await archive.Keys.EraseAsync(await archive.StudyIdAsync(former));
        archive.Packs.Dispose();
        await archive.ExecuteAsync($"""
            DELETE FROM instances WHERE owner = '{former}';
            DELETE FROM metadata_batches b USING series e, studies s WHERE b.series_id = e.id AND e.study_id = s.id AND s.owner = '{former}';
            DELETE FROM series e USING studies s WHERE e.study_id = s.id AND s.owner = '{former}';
            DELETE FROM packs p USING studies s WHERE p.study_id = s.id AND s.owner = '{former}';
            DELETE FROM studies WHERE owner = '{former}'
            """);

        string before = await archive.TextAsync(Everything);
        List<string> listed = await SearchAllAsync(archive);
        await archive.ExecuteAsync(LoseDatabase);
        await using Archive again = await archive.ReplicaAsync();
        (RebuildCount count, List<string> problems) = await again.RebuildAsync();
        Assert.Empty(problems);
        Assert.Equal((doctors.Count + nurses.Count, 3, 1), (count.Instances, count.Studies.Count, count.Erased));
        Assert.Equal(before, await again.TextAsync(Everything));
        Assert.Equal(listed, await SearchAllAsync(again));
        await AssertStoredAsync(again, doctors);
        await AssertStoredAsync(again, nurses, nurse);
        Assert.DoesNotContain((await again.VerifyAsync()).Findings, f => f.Problem != VerifyArchiveResponse.Types.Finding.Types.Problem.Unreferenced);

        // Once more: everything is known.
        Assert.Equal(0, (await again.RebuildAsync()).Count.Instances);
        Assert.Equal(before, await again.TextAsync(Everything));
    }

    [SkippableFact]
    public async Task What_a_restored_database_does_not_know_yet_is_found_in_the_store()
    {
        await using Archive archive = await OpenAsync(o => o.GroupInstances = 2);
        Dictionary<string, byte[]> files = await UploadOneByOneAsync(archive, SampleFile.Series(2));
        List<byte[]> newer = SampleFile.Series(5);
        foreach (InstanceResult result in await archive.UploadAsync(_doctor, newer))
        {
            files.Add(result.SopInstanceUid, newer[(int)result.Number]);
        }

        archive.Packs.Dispose();
        string before = await archive.TextAsync(Everything);
        await archive.ExecuteAsync("""
            CREATE TEMP TABLE lost AS SELECT s.id FROM studies s ORDER BY s.create_time DESC LIMIT 1;
            DELETE FROM instances WHERE series_id IN (SELECT e.id FROM series e JOIN lost ON e.study_id = lost.id);
            DELETE FROM metadata_batches WHERE series_id IN (SELECT e.id FROM series e JOIN lost ON e.study_id = lost.id);
            DELETE FROM series WHERE study_id IN (SELECT id FROM lost);
            DELETE FROM packs WHERE study_id IN (SELECT id FROM lost);
            DELETE FROM studies WHERE id IN (SELECT id FROM lost)
            """);
        (RebuildCount count, List<string> problems) = await archive.RebuildAsync();
        Assert.Empty(problems);
        Assert.Equal(5, count.Instances);
        Assert.Equal(before, await archive.TextAsync(Everything));
        await AssertStoredAsync(archive, files);
    }

    [SkippableFact]
    public async Task A_rebuild_tells_which_objects_cannot_be_taken_in_and_takes_the_others()
    {
        await using Archive archive = await OpenAsync(o => o.IdlePacks = 0);
        Dictionary<string, byte[]> files = await UploadOneByOneAsync(archive, SampleFile.Series(3));
        archive.Packs.Dispose();
        string broken = files.Keys.Last();
        Guid pack = (await archive.Database.CreateCommand($"SELECT pack_id FROM instances WHERE sop_instance_uid = '{broken}'").ListAsync(r => r.GetGuid(0), default))[0];
        await ReplaceAsync(archive, pack, bytes => Flip(bytes, bytes.Length - PackFormat.TrailerLength - 5));
        await archive.ExecuteAsync(LoseDatabase);
        (RebuildCount count, List<string> problems) = await archive.RebuildAsync();
        Assert.Single(problems);
        Assert.Equal(2, count.Instances);
        files.Remove(broken);
        await AssertStoredAsync(archive, files);
    }

    private async Task<List<string>> SearchAllAsync(Archive archive)
    {
        SearchRequest request = new() { Level = SearchRequest.Types.Level.Study };
        return [.. (await archive.SearchAsync(_doctor, request)).Select(d => System.Text.Encoding.UTF8.GetString(Dicom.DicomJsonWriter.ToArray(d))).Order(StringComparer.Ordinal)];
    }
}
