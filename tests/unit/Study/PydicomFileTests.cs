using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.Studies.Tests;

/// <summary>Every file that Debian's python3-pydicom brings, each under an owner of its own (several share their UIDs).</summary>
[Collection(PostgresCollection.Name)]
public sealed class PydicomFileTests(PostgresFixture postgres)
{
    private const string Folder = "/usr/lib/python3/dist-packages/pydicom/data/test_files";

    private static readonly string[] Refused =
    [
        "DICOMDIR-empty.dcm", "MR_truncated.dcm", "UN_sequence.dcm", "empty_charset_LEI.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm",
        "no_meta.dcm", "no_meta_group_length.dcm", "priv_SQ.dcm", "rtplan_truncated.dcm",
    ];

    [SkippableFact]
    public async Task Each_file_comes_back_byte_for_byte_with_its_metadata_frames_and_bulk_data_or_is_refused_with_a_reason()
    {
        Skip.IfNot(Directory.Exists(Folder), "python3-pydicom is not installed.");
        await using Archive archive = await Archive.CreateAsync(postgres);
        int stored = 0;
        List<string> refused = [];
        foreach (string path in Directory.EnumerateFiles(Folder, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            byte[] file = await File.ReadAllBytesAsync(path);
            Guid owner = Guid.NewGuid();
            InstanceResult result = Assert.Single(await archive.UploadAsync(owner, [file], chunk: 1000));
            if (result.Outcome == Outcome.Refused)
            {
                refused.Add(Path.GetFileName(path));
                Assert.StartsWith("Dicom", result.Reason.ToString(), StringComparison.Ordinal);
                Assert.Equal(0, await archive.CountAsync($"SELECT count(*) FROM studies WHERE owner = '{owner}'"));
                continue;
            }

            stored++;
            await CheckAsync(archive, owner, file, result.SopInstanceUid, Path.GetFileName(path));
        }

        // Two are cut off; the others name no instance, or start in the middle of nowhere.
        Assert.Equal(Refused, refused.Order(StringComparer.Ordinal));
        Assert.True(stored > 50, $"only {stored} files were stored");
    }

    private static async Task CheckAsync(Archive archive, Guid owner, byte[] file, string uid, string name)
    {
        byte[] expected = (byte[])file.Clone();
        Preamble.Neutralise(expected);
        byte[] retrieved = await archive.RetrieveAsync(owner, uid);
        Assert.True(expected.AsSpan().SequenceEqual(retrieved), name);

        DicomInstanceInfo info = DicomInstanceScanner.Scan(expected);
        StoredInstance instance = await StoredInstance.RequireAsync(archive.Database, Archive.CallerOf(owner), "", "", uid, default);
        using DataKey key = await archive.Keys.GetAsync(instance.StudyId);
        InstanceLayout layout = InstanceLayout.FromBytes(key.OpenRow(instance.SealedLayout, StudySeals.Layout(instance.Id)));
        Assert.Equal(info.BulkData, layout.BulkData);
        Assert.Equal(info.Frames.Count, layout.Frames.Count);

        using StoredFile opened = StoredFile.Open(archive.Store, instance, key);
        foreach (DicomBulkData bulk in layout.BulkData)
        {
            byte[] value = await ReadAsync(opened.ReadAsync(layout, bulk.Offset, bulk.Length, default));
            Assert.Equal(bulk.Length, value.Length);
            Assert.True(layout.IsInflated || expected.AsSpan((int)bulk.Offset, (int)bulk.Length).SequenceEqual(value), name);
        }

        for (int frame = 0; frame < layout.Frames.Count; frame++)
        {
            byte[] value = await ReadAsync(FrameReader.ReadAsync(opened, layout, layout.Frames[frame], default));
            Assert.Equal(FrameReader.SizeOf(layout.Frames[frame]), value.Length);
        }

        Guid batch = await BatchAsync(archive, instance.Id);
        ReadOnlyMemory<byte>[] metadata = await MetadataReader.ReadAsync(archive.Database, key, batch, default);
        Assert.True(info.Json.Span.SequenceEqual(metadata[0].Span), name);
    }

    private static async Task<Guid> BatchAsync(Archive archive, Guid instance)
    {
        await using Npgsql.NpgsqlCommand command = archive.Database.CreateCommand($"SELECT batch_id FROM instances WHERE id = '{instance}'");
        return (Guid)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<byte[]> ReadAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        using MemoryStream bytes = new();
        await foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            bytes.Write(piece.Span);
        }

        return bytes.ToArray();
    }
}
