using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Studies.Tests;

/// <summary>What every object store must do, and the archive on top of it.</summary>
public abstract partial class StoreContractTests(PostgresFixture postgres)
{
    private readonly Guid _doctor = Guid.NewGuid();

    /// <summary>Points the archive at the store under test.</summary>
    private protected abstract Task ConfigureAsync(StudyOptions options);

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((6 << 20) - 1)]
    [InlineData(6 << 20)]
    [InlineData((6 << 20) + 1)]
    [InlineData((23 << 20) + 17)]
    public async Task What_was_flushed_is_read_back_byte_for_byte_in_any_range(int length)
    {
        await using Archive archive = await OpenAsync();
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        Guid id = Guid.CreateVersion7();
        using (IObjectAppender appender = archive.Objects.Create(id))
        {
            await AppendAsync(appender, content);
            Assert.Equal(length, appender.Length);
            await appender.FlushAsync(default);
        }

        Assert.True(archive.Objects.IsClosed(id));
        StoredObject? found = await archive.Objects.FindAsync(id, default);
        Assert.Equal(length, found!.Value.Length);
        Assert.Equal(found.Value.Id, Assert.Single(await archive.Objects.ListAsync(default).ToListAsync()).Id);
        using IObjectReader reader = archive.Objects.Open(id);
        Assert.Equal(content, await ReadAsync(reader, 0, length));
        Random random = new(3);
        for (int i = 0; i < 12 && length > 0; i++)
        {
            int offset = random.Next(length);
            int count = random.Next(length - offset + 1);
            Assert.Equal(content[offset..(offset + count)], await ReadAsync(reader, offset, count));
        }
    }

    [SkippableFact]
    public async Task A_read_beyond_the_end_gives_nothing()
    {
        await using Archive archive = await OpenAsync();
        Guid id = Guid.CreateVersion7();
        using (IObjectAppender appender = archive.Objects.Create(id))
        {
            appender.Append(new byte[100]);
            await appender.FlushAsync(default);
        }

        using IObjectReader reader = archive.Objects.Open(id);
        Assert.Equal(0, await reader.Source(new ByteRange(100, 50)).ReadAsync(0, new byte[50]));
        Assert.Equal(20, (await ReadAsync(reader, 80, 20)).Length);
    }

    [SkippableFact]
    public async Task A_missing_object_is_told_as_missing_and_removing_it_does_nothing()
    {
        await using Archive archive = await OpenAsync();
        Guid id = Guid.CreateVersion7();
        Assert.Null(await archive.Objects.FindAsync(id, default));
        await archive.Objects.DeleteAsync(id, default);
        await Assert.ThrowsAsync<ObjectMissingException>(async () =>
        {
            using IObjectReader reader = archive.Objects.Open(id);
            await ReadAsync(reader, 0, 1);
        });
    }

    [SkippableFact]
    public async Task A_removed_object_is_gone()
    {
        await using Archive archive = await OpenAsync();
        Guid id = Guid.CreateVersion7();
        using (IObjectAppender appender = archive.Objects.Create(id))
        {
            appender.Append([1, 2, 3]);
            await appender.FlushAsync(default);
        }

        await archive.Objects.DeleteAsync(id, default);
        Assert.Null(await archive.Objects.FindAsync(id, default));
        Assert.Empty(await archive.Objects.ListAsync(default).ToListAsync());
    }

    [SkippableTheory]
    [InlineData(10)]
    [InlineData(20 << 20)]
    public async Task What_is_discarded_was_never_there(int length)
    {
        await using Archive archive = await OpenAsync();
        IObjectAppender appender = archive.Objects.Create(Guid.CreateVersion7());
        await AppendAsync(appender, new byte[length]);
        appender.Discard();
        Assert.Empty(await archive.Objects.ListAsync(default).ToListAsync());
    }

    [SkippableFact]
    public async Task A_refused_instance_leaves_the_others_of_its_group_readable()
    {
        await using Archive archive = await OpenAsync();
        string study = Dicom.DicomUid.Create();
        List<byte[]> files = SampleFile.Series(4, study, rows: 64, columns: 64);
        byte[] large = SampleFile.Series(1, study, rows: 2048, columns: 2560)[0];
        await using UploadSession session = archive.Session(await archive.CreateUploadAsync(_doctor), _doctor);
        foreach (byte[] file in files.Take(2))
        {
            await Archive.SendAsync(session, file);
        }

        // Refused at its end, when parts of it may have left already.
        await Archive.SendAsync(session, large[..^7], declared: large.Length);
        foreach (byte[] file in files.Skip(2))
        {
            await Archive.SendAsync(session, file);
        }

        await session.CommitAsync();
        Assert.Equal([0, 1, 3, 4], session.Results.Where(r => r.Outcome == InstanceResult.Types.Outcome.Stored).Select(r => r.Number));
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], await archive.RetrieveAsync(_doctor, session.Results[i < 2 ? i : i + 1].SopInstanceUid));
        }
    }

    [SkippableFact]
    public async Task Groups_of_an_upload_survive_and_what_was_not_committed_leaves_no_trace()
    {
        await using Archive archive = await OpenAsync(o => o.GroupInstances = 3);
        List<byte[]> files = SampleFile.Series(8);
        Guid upload = await archive.CreateUploadAsync(_doctor);
        await using (UploadSession session = archive.Session(upload, _doctor))
        {
            foreach (byte[] file in files)
            {
                await Archive.SendAsync(session, file);
            }

            // Two groups are full and one is not; its client goes away in the middle.
            session.Begin(files[0].Length);
            await session.WriteAsync(files[0].AsMemory(0, 500));
            session.DropInstance();
        }

        Assert.Equal(6, await archive.CountAsync("SELECT count(*) FROM instances"));
        Assert.Equal(6, await archive.CountAsync($"SELECT committed_instances FROM uploads WHERE id = '{upload}'"));
        HashSet<Guid> objects = [.. (await archive.Objects.ListAsync(default).ToListAsync()).Select(o => o.Id)];
        Assert.Equal(objects.Count, await archive.CountAsync("SELECT count(*) FROM packs"));
        IReadOnlyList<InstanceResult> again = await archive.UploadAsync(_doctor, files);
        Assert.Equal(6, again.Count(r => r.Outcome == InstanceResult.Types.Outcome.Duplicate));
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], await archive.RetrieveAsync(_doctor, again[i].SopInstanceUid));
        }
    }

    private protected Task<Archive> OpenAsync(Action<StudyOptions>? configure = null) =>
        Archive.CreateAsync(postgres, configure, ConfigureAsync);

    private static async Task AppendAsync(IObjectAppender appender, byte[] content)
    {
        for (int at = 0; at < content.Length; at += 200_000)
        {
            appender.Append(content.AsSpan(at, Math.Min(200_000, content.Length - at)));
            if (appender.IsCongested)
            {
                await appender.WaitForRoomAsync();
            }
        }
    }

    private static async Task<byte[]> ReadAsync(IObjectReader reader, int offset, int count)
    {
        ISealedSource source = reader.Source(new ByteRange(offset, count));
        byte[] bytes = new byte[count];
        for (int at = 0; at < count;)
        {
            int read = await source.ReadAsync(at, bytes.AsMemory(at, Math.Min(count - at, 100_000)));
            Assert.NotEqual(0, read);
            at += read;
        }

        return bytes;
    }
}
