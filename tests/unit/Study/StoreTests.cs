using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class StoreTests(PostgresFixture postgres)
{
    private readonly Guid _doctor = Guid.NewGuid();

    [SkippableFact]
    public async Task What_a_dead_writer_left_beyond_the_last_commit_is_cut_off_and_the_rest_is_intact()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        List<byte[]> files = SampleFile.Series(4);
        string[] stored = [.. (await archive.UploadAsync(_doctor, files)).Select(r => r.SopInstanceUid)];
        archive.Packs.Dispose();
        StoredObject pack = Assert.Single(archive.Store.List());
        string path = archive.Store.PathOf(pack.Id);
        Random random = new(7);
        for (int round = 0; round < 20; round++)
        {
            byte[] rest = new byte[random.Next(1, 5000)];
            random.NextBytes(rest);
            await using (FileStream file = new(path, FileMode.Append))
            {
                file.Write(rest);
            }

            await File.WriteAllBytesAsync(archive.Store.MarkerOf(pack.Id), []);
            Assert.Equal(1, await RecoverAsync(archive));
            Assert.Equal(pack.Length, new FileInfo(path).Length);
        }

        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], await archive.RetrieveAsync(_doctor, stored[i]));
        }
    }

    [SkippableFact]
    public async Task A_pack_that_nothing_refers_to_is_removed_and_one_with_a_living_writer_is_left_alone()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await using Archive replica = await archive.ReplicaAsync();
        using PackWriter living = replica.Packs.Rent(Guid.NewGuid());
        living.EndGroup();
        PackWriter dead = replica.Packs.Rent(Guid.NewGuid());
        dead.EndGroup();
        dead.IsSpent = true;
        dead.Dispose();
        Assert.Equal(1, await RecoverAsync(archive));
        Assert.Equal(living.Id, Assert.Single(archive.Store.List()).Id);
    }

    [SkippableFact]
    public async Task A_pack_whose_commit_is_still_under_way_when_its_writer_has_died_is_kept()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await using Archive replica = await archive.ReplicaAsync();
        await archive.UploadAsync(_doctor, SampleFile.Series(1));
        archive.Packs.Dispose();
        StoredObject first = Assert.Single(archive.Store.List());
        PackWriter dead = replica.Packs.Rent(Guid.NewGuid());
        dead.EndGroup();
        dead.IsSpent = true;
        dead.Dispose();

        // What the server still works on when the service is gone.
        await using NpgsqlConnection connection = await archive.Database.OpenConnectionAsync();
        await using NpgsqlTransaction commit = await connection.BeginTransactionAsync();
        await using NpgsqlCommand insert = new("INSERT INTO packs (id, study_id, size) SELECT $1, study_id, $2 FROM packs WHERE id = $3", connection)
        {
            Parameters = { new() { Value = dead.Id }, new() { Value = (long)PackFormat.HeaderLength }, new() { Value = first.Id } },
        };
        Assert.Equal(1, await insert.ExecuteNonQueryAsync());
        Task<int> recovery = RecoverAsync(archive);
        while (!recovery.IsCompleted && await archive.CountAsync("SELECT count(*) FROM pg_locks WHERE relation = 'packs'::regclass AND NOT granted") == 0)
        {
            await Task.Yield();
        }

        Assert.False(recovery.IsCompleted);
        await commit.CommitAsync();
        Assert.Equal(1, await recovery);
        Assert.Contains(archive.Store.List(), o => o.Id == dead.Id);
    }

    [SkippableFact]
    public async Task A_changed_byte_of_a_stored_file_is_never_given_out()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string uid = (await archive.UploadAsync(_doctor, SampleFile.Series(1)))[0].SopInstanceUid;
        StoredInstance instance = await StoredInstance.RequireAsync(archive.Database, Archive.CallerOf(_doctor), "", "", uid, default);
        string path = archive.Store.PathOf(instance.PackId);
        byte[] pack = await File.ReadAllBytesAsync(path);
        for (long at = instance.Place.Offset + 40; at < instance.Place.End; at += 37)
        {
            byte[] changed = (byte[])pack.Clone();
            changed[at] ^= 1;
            await File.WriteAllBytesAsync(path, changed);
            await Assert.ThrowsAsync<SealedDataException>(() => archive.RetrieveAsync(_doctor, uid));
        }
    }

    [SkippableFact]
    public async Task A_row_that_is_put_in_the_place_of_another_does_not_open()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        IReadOnlyList<Study.V1.InstanceResult> stored = await archive.UploadAsync(_doctor, SampleFile.Series(2));
        await archive.ExecuteAsync($"""
            UPDATE instances a SET pack_offset = b.pack_offset, seal_header = b.seal_header
            FROM instances b WHERE a.sop_instance_uid = '{stored[0].SopInstanceUid}' AND b.sop_instance_uid = '{stored[1].SopInstanceUid}'
            """);
        await Assert.ThrowsAsync<SealedDataException>(() => archive.RetrieveAsync(_doctor, stored[0].SopInstanceUid));
    }

    [SkippableFact]
    public async Task Packs_and_database_hold_no_patient_data_and_no_pixels_in_the_clear()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        DicomDataset dataset = SampleFile.Dataset(DicomUid.Create(), DicomUid.Create(), DicomUid.Create());
        byte[] pixels = dataset.Find(DicomTags.PixelData)!.Value.ToArray();
        await archive.UploadAsync(_doctor, [SampleFile.Of(dataset)]);
        byte[] pack = await File.ReadAllBytesAsync(archive.Store.PathOf(Assert.Single(archive.Store.List()).Id));
        Assert.True(pack.AsSpan().IndexOf("Sample"u8) < 0);
        Assert.True(pack.AsSpan().IndexOf(pixels.AsSpan(64, 16)) < 0);
        foreach (string table in (string[])["studies", "series", "instances", "metadata_batches", "packs", "uploads", "owners"])
        {
            Assert.Equal(0, await archive.CountAsync($"""
                SELECT count(*) FROM {table} t WHERE t::text ~ 'Sample|MR-0001|Head'
                    OR t::text ~ (SELECT string_agg(encode(convert_to(w, 'UTF8'), 'hex'), '|') FROM unnest(ARRAY['Sample', 'MR-0001', '20240131']) w)
                """));
        }
    }

    [SkippableFact]
    public async Task The_manifests_of_a_pack_repeat_what_the_database_knows()
    {
        await using Archive archive = await Archive.CreateAsync(postgres, o => o.GroupInstances = 2);
        IReadOnlyList<Study.V1.InstanceResult> stored = await archive.UploadAsync(_doctor, SampleFile.Series(5));
        StoredObject pack = Assert.Single(archive.Store.List());
        byte[] bytes = await File.ReadAllBytesAsync(archive.Store.PathOf(pack.Id));
        Assert.True(PackFormat.TryReadHeader(bytes, out Guid study, out Guid id));
        Assert.Equal(pack.Id, id);
        using DataKey key = await archive.Keys.GetAsync(study);
        List<string> found = [];
        for (long end = bytes.Length; end > PackFormat.HeaderLength;)
        {
            long trailer = end - PackFormat.TrailerLength;
            Assert.True(PackFormat.TryReadTrailer(bytes.AsSpan((int)trailer, PackFormat.TrailerLength), out long start, out long length));
            ByteRange place = new(trailer - length, length);
            MemorySealedSource source = new(bytes.AsMemory((int)place.Offset, (int)length));
            using SealedStreamReader reader = await SealedStreamReader.OpenAsync(key, PackManifest.AssociatedDataOf(study, id, place.Offset), source, length);
            byte[] manifest = new byte[reader.Length];
            await reader.ReadExactlyAsync(source, 0, manifest);
            int json = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(manifest);
            using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(manifest.AsMemory(4, json));
            Assert.Equal(start, document.RootElement.GetProperty("groupStart").GetInt64());
            System.Text.Json.JsonElement batch = document.RootElement.GetProperty("batches")[0];
            string[] uids = [.. batch.GetProperty("instances").EnumerateArray().Select(i => i.GetProperty("sopInstanceUid").GetString()!)];
            ReadOnlyMemory<byte>[] metadata = MetadataBatch.Read(manifest.AsSpan(4 + json + 4), uids.Length);
            Assert.Equal(uids, metadata.Select(m => DicomDataset.FromJson(m.Span).GetString(DicomTags.SOPInstanceUID)));
            found.InsertRange(0, uids);
            end = start;
        }

        Assert.Equal(stored.Select(r => r.SopInstanceUid), found);
    }

    private static async Task<int> RecoverAsync(Archive archive)
    {
        using Housekeeping housekeeping = new(
            archive.Database, archive.Store, archive.Packs, archive.Registry, archive.Options, TimeProvider.System, NullLogger<Housekeeping>.Instance);
        return await housekeeping.RecoverAsync(CancellationToken.None);
    }
}
