using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Studies.Tests;

/// <summary>What the index takes of memory, and that it stays within what it is given.</summary>
[Collection(PostgresCollection.Name)]
public sealed class IndexBoundTests(PostgresFixture postgres)
{
    private const int Studies = 50_000;

    [Fact]
    public void A_study_takes_at_most_400_bytes()
    {
        _ = IndexRows.RecordOf(0);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        OwnerIndex index = new(Guid.Empty);
        for (int i = 0; i < Studies; i++)
        {
            index.Load(IndexRows.RecordOf(i));
        }

        index.Finish(new HashSet<Guid>(), 1);
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(Studies, index.Snapshot.Count);
        Assert.InRange(bytes / (double)Studies, 100, 400);

        // What it says of itself is what the bound goes by.
        Assert.InRange(index.Bytes, bytes * 0.9, bytes * 1.1);
    }

    [Fact]
    public void Studies_that_change_again_and_again_do_not_pile_up()
    {
        OwnerIndex index = new(Guid.Empty);
        StudyRecord[] records = [.. Enumerable.Range(0, 100).Select(IndexRows.RecordOf)];
        index.Apply(records, new HashSet<Guid>(), 1);
        long bytes = index.Bytes;
        for (int change = 2; change < 20_000; change++)
        {
            index.Apply([records[change % 100]], new HashSet<Guid>(), change);
        }

        Assert.Equal(records.OrderByDescending(r => r.Moment).ThenBy(r => r.Id).Select(r => r.Id), index.Snapshot.Select(r => r.Id));
        Assert.InRange(index.Bytes, 0, bytes + (400 * 4096));
    }

    [SkippableFact]
    public async Task Owners_who_do_not_fit_leave_and_are_loaded_again_as_they_were_and_as_they_have_become()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        IndexRows rows = new(archive.Database, Keyring.Load(archive.Options.Keyring), archive.Options.KeyStore);
        Guid[] owners = [.. Enumerable.Range(0, 4).Select(_ => Guid.NewGuid())];
        foreach (Guid owner in owners)
        {
            await rows.AddAsync(owner, 300);
        }

        StudyIndex whole = IndexOf(archive, long.MaxValue);
        Dictionary<Guid, Guid[]> expected = [];
        foreach (Guid owner in owners)
        {
            expected[owner] = [.. (await whole.OwnAsync(owner, default)).Select(s => s.Id)];
        }

        Assert.Equal(4, whole.Owners);
        StudyIndex half = IndexOf(archive, whole.Bytes * 5 / 8);
        foreach (Guid owner in (Guid[])[.. owners, .. owners, owners[3], owners[0]])
        {
            Assert.Equal(expected[owner], (await half.OwnAsync(owner, default)).Select(s => s.Id));
            Assert.InRange(half.Owners, 1, 2);
            Assert.InRange(half.Bytes, 1, whole.Bytes * 5 / 8);
        }

        // While an owner is out, a study is stored.
        await half.OwnAsync(owners[1], default);
        await half.OwnAsync(owners[2], default);
        await archive.UploadAsync(owners[0], SampleFile.Series(1));
        Assert.Equal(301, (await half.OwnAsync(owners[0], default)).Count);

        // One that is larger than all there may be is answered all the same.
        StudyIndex none = IndexOf(archive, 1);
        Assert.Equal(301, (await none.OwnAsync(owners[0], default)).Count);
        Assert.Equal(300, (await none.OwnAsync(owners[1], default)).Count);
        Assert.Equal(1, none.Owners);
    }

    [SkippableFact]
    public async Task A_page_is_answered_from_the_index_as_from_the_sealed_rows()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        Guid owner = Guid.NewGuid();
        await new IndexRows(archive.Database, Keyring.Load(archive.Options.Keyring), archive.Options.KeyStore).AddAsync(owner, 150);
        List<DicomDataset> indexed = await archive.SearchAsync(owner, new SearchRequest { Level = Level.Study });

        // SOPClassesInStudy is not in the index: with it, every row is opened.
        List<DicomDataset> opened = await archive.SearchAsync(owner, new SearchRequest { Level = Level.Study, IncludeFields = { "SOPClassesInStudy" } });
        opened.ForEach(d => d.Remove(DicomTags.SOPClassesInStudy));
        Assert.Equal(opened.Select(d => Convert.ToHexString(d.ToJson())), indexed.Select(d => Convert.ToHexString(d.ToJson())));
        Assert.Equal(150, indexed.Count);
    }

    private static StudyIndex IndexOf(Archive archive, long bytes) =>
        new(archive.Database, archive.Keys, new StudyOptions { IndexBytes = bytes }, TimeProvider.System, NullLogger<StudyIndex>.Instance);
}
