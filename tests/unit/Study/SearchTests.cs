using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Study.V1;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class SearchTests(PostgresFixture postgres)
{
    private readonly Guid _doctor = Guid.NewGuid();

    [SkippableFact]
    public async Task Every_level_answers_its_required_attributes_and_those_asked_for()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string study = DicomUid.Create();
        await archive.UploadAsync(_doctor, [.. SampleFile.Series(3, study), .. SampleFile.Series(2, study)]);

        DicomDataset found = Assert.Single(await archive.SearchAsync(_doctor, new SearchRequest { Level = Level.Study, IncludeFields = { "00081030" } }));
        Assert.Equal("Sample^Brain", found.GetString(DicomTags.PatientName));
        Assert.Equal(["MR"], found.GetStrings(DicomTags.ModalitiesInStudy));
        Assert.Equal((2, 5), (found.GetInt(DicomTags.NumberOfStudyRelatedSeries), found.GetInt(DicomTags.NumberOfStudyRelatedInstances)));
        Assert.Equal("Head", found.GetString(DicomTags.StudyDescription));
        Assert.True(found.Contains(DicomTags.AccessionNumber));

        List<DicomDataset> series = await archive.SearchAsync(_doctor, new SearchRequest { Level = Level.Series, StudyInstanceUid = study });
        Assert.Equal([3, 2], series.Select(s => s.GetInt(DicomTags.NumberOfSeriesRelatedInstances)).OrderDescending());
        Assert.All(series, s => Assert.False(s.Contains(DicomTags.PatientName)));
        Assert.All(series, s => Assert.Equal(3, s.GetInt(DicomTags.SeriesNumber)));

        string uid = series[0].GetString(DicomTags.SeriesInstanceUID)!;
        List<DicomDataset> instances = await archive.SearchAsync(_doctor, new SearchRequest { Level = Level.Instance, StudyInstanceUid = study, SeriesInstanceUid = uid });
        Assert.Equal(Enumerable.Range(1, instances.Count), instances.Select(i => i.GetInt(DicomTags.InstanceNumber)!.Value));
        Assert.All(instances, i => Assert.Equal((16, 16, 16), (i.GetInt(DicomTags.Rows), i.GetInt(DicomTags.Columns), i.GetInt(DicomTags.BitsAllocated))));

        DicomDataset deep = Assert.Single(await archive.SearchAsync(_doctor, new SearchRequest
        {
            Level = Level.Instance,
            Matches = { new SearchRequest.Types.Match { Attribute = "PhotometricInterpretation", Value = "MONO*2" }, new SearchRequest.Types.Match { Attribute = "InstanceNumber", Value = "3" } },
            IncludeFields = { "BitsStored" },
        }));
        Assert.Equal(12, deep.GetInt(DicomTags.BitsStored));
        Assert.Equal("Sample^Brain", deep.GetString(DicomTags.PatientName));
    }

    [SkippableTheory]
    [InlineData("PatientName", "*brain", 1)]
    [InlineData("PatientName", "brain*", 0)]
    [InlineData("00100020", "MR-0001", 1)]
    [InlineData("00100020", "mr-0001", 0)]
    [InlineData("StudyDate", "20240101-20240131", 1)]
    [InlineData("StudyDate", "-20240130", 0)]
    [InlineData("StudyTime", "10-11", 1)]
    [InlineData("ModalitiesInStudy", "CT", 0)]
    [InlineData("Modality", "M?", 1)]
    [InlineData("PatientSex", "", 1)]
    public async Task Studies_are_found_by_what_they_say(string attribute, string value, int expected)
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await archive.UploadAsync(_doctor, SampleFile.Series(1));
        SearchRequest request = new() { Level = Level.Study, Matches = { new SearchRequest.Types.Match { Attribute = attribute, Value = value } } };
        Assert.Equal(expected, (await archive.SearchAsync(_doctor, request)).Count);
    }

    [Theory]
    [InlineData(Level.Study, "NoSuchAttribute", "x")]
    [InlineData(Level.Study, "StudyDate", "yesterday")]
    [InlineData(Level.Study, "Rows", "16")]
    [InlineData(Level.Series, "Rows", "16")]
    [InlineData(Level.Series, "SeriesNumber", "three")]
    public void An_unknown_attribute_or_malformed_value_is_refused(Level level, string attribute, string value)
    {
        SearchRequest request = new() { Level = level, Matches = { new SearchRequest.Types.Match { Attribute = attribute, Value = value } } };
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => SearchPlan.Of(request)).StatusCode);
    }

    [SkippableFact]
    public async Task Pages_are_disjoint_and_a_second_replica_sees_a_commit_at_once()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await using Archive replica = await archive.ReplicaAsync();
        for (int i = 1; i <= 7; i++)
        {
            await (i % 2 == 0 ? archive : replica).UploadAsync(_doctor, SampleFile.Series(1));
            Assert.Equal(i, (await archive.Index.OwnAsync(_doctor, default)).Count);
            Assert.Equal(i, (await replica.Index.OwnAsync(_doctor, default)).Count);
        }

        List<string?> uids = [];
        for (int offset = 0; offset < 9; offset += 3)
        {
            List<DicomDataset> page = await archive.SearchAsync(_doctor, new SearchRequest { Level = Level.Study, Offset = offset, Limit = 3 });
            uids.AddRange(page.Select(p => p.GetString(DicomTags.StudyInstanceUID)));
        }

        Assert.Equal(7, uids.Distinct().Count());
        Assert.Equal(7, uids.Count);
    }

    [SkippableFact]
    public async Task Others_see_what_is_shared_with_them_and_only_as_long_as_it_is()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        Guid colleague = Guid.NewGuid();
        List<byte[]> files = SampleFile.Series(2);
        string uid = (await archive.UploadAsync(_doctor, files))[0].SopInstanceUid;
        SearchRequest all = new() { Level = Level.Study };
        Assert.Empty(await archive.SearchAsync(colleague, all));
        await Assert.ThrowsAsync<RpcException>(() => archive.RetrieveAsync(colleague, uid));

        await archive.GrantAsync(colleague, await archive.StudyIdAsync(_doctor), 1);
        Assert.Single(await archive.SearchAsync(colleague, all));
        Assert.Equal(files[0], await archive.RetrieveAsync(colleague, uid));

        // The colleague's own copy hides the shared one.
        await archive.UploadAsync(colleague, files[..1]);
        Assert.Equal(1, Assert.Single(await archive.SearchAsync(colleague, all)).GetInt(DicomTags.NumberOfStudyRelatedInstances));
        VisibleStudy? seen = await archive.Access.FindAsync(Archive.CallerOf(colleague), (await archive.SearchAsync(colleague, all))[0].GetString(DicomTags.StudyInstanceUID)!, default);
        Assert.Equal(colleague, seen!.Owner);

        await archive.ExecuteAsync("DELETE FROM sharing.effective_access_v1");
        await archive.ExecuteAsync($"UPDATE studies SET instance_count = 0 WHERE owner = '{colleague}'");
        await Assert.ThrowsAsync<RpcException>(() => archive.RetrieveAsync(Guid.NewGuid(), uid));
    }

    [SkippableFact]
    public async Task A_delegation_reaches_its_series_and_no_other()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        string study = DicomUid.Create();
        IReadOnlyList<InstanceResult> stored = await archive.UploadAsync(_doctor, [.. SampleFile.Series(1, study), .. SampleFile.Series(1, study)]);
        Platform.Access.Caller job = new() { AccountId = _doctor, Peer = "inference", Delegation = new([$"series/{stored[0].SeriesInstanceUid}"]) };
        Assert.Equal(study, (await archive.Access.RequireSeriesAsync(job, "", stored[0].SeriesInstanceUid, default)).Study.StudyInstanceUid);
        await Assert.ThrowsAsync<RpcException>(() => archive.Access.RequireSeriesAsync(job, "", stored[1].SeriesInstanceUid, default));
        await Assert.ThrowsAsync<RpcException>(() => archive.Access.RequireStudyAsync(job, study, default));
        await Assert.ThrowsAsync<RpcException>(() => archive.Access.RequireSeriesAsync(job with { AccountId = Guid.NewGuid() }, "", stored[0].SeriesInstanceUid, default));
    }
}
