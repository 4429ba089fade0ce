using System.Net;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.IntegrationTests.Dimse;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.DicomFiles;

/// <summary>Two things that claim to be one: nothing is overwritten, nothing is changed without a word.</summary>
[Collection(MeshCollection.Name)]
public sealed class ConflictTests(MeshFixture mesh) : IAsyncLifetime
{
    private const string Failed = "00081198";
    private const string Stored = "00081199";
    private const string WarningReason = "00081196";

    private readonly SmallInstance _first = new() { Comment = "first" };
    private TestUser _user = null!;

    public async Task InitializeAsync() => _user = await mesh.NewUserAsync(Role.HealthProfessional);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_same_bytes_again_are_a_duplicate_by_either_way()
    {
        using var client = new DicomWebClient(_user);
        Assert.Equal(Outcome.Stored, Assert.Single((await _user.UploadAsync([_first.File])).Results).Outcome);
        Assert.Equal([Outcome.Duplicate, Outcome.Duplicate], (await _user.UploadAsync([_first.File, _first.File])).Results.Select(r => r.Outcome));
        var again = await client.StoreAsync([_first.File, _first.File]);
        Assert.Equal((HttpStatusCode.OK, 2), (again.Status, again.Items(Stored).Count));
        await AssertKeptAsync(_first);
    }

    [Fact]
    public async Task Other_bytes_under_the_same_UID_are_refused_in_the_same_upload_in_another_and_across_the_ways()
    {
        using var client = new DicomWebClient(_user);
        var other = _first with { Comment = "second" };
        var inside = (await _user.UploadAsync([_first.File, other.File, _first.File])).Results;
        Assert.Equal([Outcome.Stored, Outcome.Refused, Outcome.Duplicate], inside.Select(r => r.Outcome));
        AssertConflict(inside[1], _first);
        AssertConflict(Assert.Single((await _user.UploadAsync([other.File])).Results), _first);

        var answer = await client.StoreAsync([other.File]);
        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        var failure = Assert.Single(answer.Items(Failed));
        Assert.Equal((_first.Instance, "INSTANCE_CONFLICT", "273"), (failure.First("00081155"), failure.First("00000902"), failure.First("00081197")));

        // The other way round: stored by STOW-RS, offered by the RPC.
        var web = new SmallInstance();
        Assert.Equal(HttpStatusCode.OK, (await client.StoreAsync([web.File])).Status);
        AssertConflict(Assert.Single((await _user.UploadAsync([(web with { Comment = "x" }).File])).Results), web);
        await AssertKeptAsync(_first);
        await AssertKeptAsync(web);
    }

    [Fact]
    public async Task Of_uploads_at_the_same_time_one_stores_and_the_others_learn_of_it()
    {
        const int Uploads = 6;
        using var client = new DicomWebClient(_user);
        List<SmallInstance> instances = [.. Enumerable.Range(0, 5).Select(i => _first with { Instance = SyntheticSeries.NewUid(), InstanceNumber = $"{i}" })];
        var calls = Enumerable.Range(0, Uploads).Select(async u =>
        {
            // Odd ones bring other bytes; every third comes by STOW-RS.
            var files = instances.Select(i => (u % 2 == 0 ? i : i with { Comment = $"other {u}" }).File).ToList();
            if (u % 3 != 2) return (await _user.UploadAsync(files)).Results.Select(r => r.Outcome).ToList();
            var answer = await client.StoreAsync(files);
            var failed = answer.Items(Failed).Select(f => f.First("00081155")).ToHashSet();
            return instances.Select(i => failed.Contains(i.Instance) ? Outcome.Refused : Outcome.Stored).ToList();
        });
        var outcomes = await Task.WhenAll(calls);

        for (var i = 0; i < instances.Count; i++)
        {
            var request = new RetrieveInstanceRequest { StudyInstanceUid = _first.Study, SeriesInstanceUid = _first.Series, SopInstanceUid = instances[i].Instance };
            var kept = Assert.Single(await _user.Studies.RetrieveInstance(request, _user.Headers).FilesAsync()).Value;
            for (var u = 0; u < Uploads; u++)
            {
                var mine = (u % 2 == 0 ? instances[i] : instances[i] with { Comment = $"other {u}" }).File;
                var isKept = kept.AsSpan().SequenceEqual(mine);
                Assert.True(isKept == (outcomes[u][i] != Outcome.Refused), $"upload {u} of instance {i}: {outcomes[u][i]}, kept {isKept}");
            }

            Assert.True(Enumerable.Range(0, Uploads).Where(u => u % 3 != 2).Count(u => outcomes[u][i] == Outcome.Stored) <= 1);
        }

        var study = Assert.Single((await _user.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = _first.Study }, _user.Headers)).Studies);
        Assert.Equal((instances.Count, 1), (study.InstanceCount, study.SeriesCount));
    }

    [Fact]
    public async Task A_study_that_two_owners_store_is_each_ones_own_and_neither_learns_of_the_other()
    {
        var other = await mesh.NewUserAsync(Role.HealthProfessional);
        var theirs = _first with { Comment = "theirs", PatientName = "Roe^Richard", PatientId = "OTHER-1" };
        Assert.Equal(Outcome.Stored, Assert.Single((await _user.UploadAsync([_first.File])).Results).Outcome);
        var more = _first with { Instance = SyntheticSeries.NewUid(), InstanceNumber = "2" };
        Assert.Equal(Outcome.Stored, Assert.Single((await _user.UploadAsync([more.File])).Results).Outcome);

        var result = Assert.Single((await other.UploadAsync([theirs.File])).Results);
        Assert.Equal((Outcome.Stored, 0), (result.Outcome, result.Warnings.Count));
        await AssertKeptAsync(_first);
        foreach (var (user, name, count) in new[] { (_user, "Doe^Jane", 2), (other, "Roe^Richard", 1) })
        {
            using var client = new DicomWebClient(user);
            var study = Assert.Single(await client.SearchAsync($"studies?StudyInstanceUID={_first.Study}"));
            Assert.Equal((name, $"{count}"), (study.First("00100010"), study.First("00201208")));
            var files = await user.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = _first.Study }, user.Headers).FilesAsync();
            Assert.Equal(count, files.Count);
        }

        var request = new RetrieveInstanceRequest { StudyInstanceUid = _first.Study, SeriesInstanceUid = _first.Series, SopInstanceUid = more.Instance };
        var error = await Assert.ThrowsAsync<RpcException>(() => other.Studies.RetrieveInstance(request, other.Headers).FilesAsync());
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_instance_that_claims_to_be_in_another_study_or_series_as_well_is_refused(bool isOtherStudy)
    {
        Assert.Equal(Outcome.Stored, Assert.Single((await _user.UploadAsync([_first.File])).Results).Outcome);
        var moved = _first with { Series = SyntheticSeries.NewUid(), Study = isOtherStudy ? SyntheticSeries.NewUid() : _first.Study };
        AssertConflict(Assert.Single((await _user.UploadAsync([moved.File])).Results), _first);
        using var client = new DicomWebClient(_user);
        Assert.Equal(HttpStatusCode.Conflict, (await client.StoreAsync([moved.File])).Status);
        await AssertKeptAsync(_first);
        var study = Assert.Single((await _user.Studies.ListStudiesAsync(new ListStudiesRequest(), _user.Headers)).Studies);
        Assert.Equal((_first.Study, 1, 1), (study.StudyInstanceUid, study.SeriesCount, study.InstanceCount));
    }

    [Theory]
    [InlineData("Doe^Jane", "ID-2", InstanceWarning.PatientDiffers)]
    [InlineData("Roe^Richard", "ID-1", InstanceWarning.PatientNameDiffers)]
    [InlineData("DOE^jane^^", "ID-1", null)]
    public async Task A_study_with_two_patients_is_kept_as_it_is_and_reported(string name, string id, InstanceWarning? warning)
    {
        var first = _first with { PatientId = "ID-1" };
        var second = first with { PatientName = name, PatientId = id, Instance = SyntheticSeries.NewUid() };
        var third = second with { Instance = SyntheticSeries.NewUid() };
        Assert.Empty(Assert.Single((await _user.UploadAsync([first.File])).Results).Warnings);
        var result = Assert.Single((await _user.UploadAsync([second.File])).Results);
        Assert.Equal(Outcome.Stored, result.Outcome);
        Assert.Equal(warning is null ? [] : [warning.Value], result.Warnings);

        using var client = new DicomWebClient(_user);
        var answer = await client.StoreAsync([third.File]);
        Assert.Equal(warning is null ? HttpStatusCode.OK : HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(warning is null ? null : "45056", Assert.Single(answer.Items(Stored)).First(WarningReason));

        // The study keeps its first patient; the instances say what they said.
        var study = Assert.Single(await client.SearchAsync($"studies?StudyInstanceUID={first.Study}"));
        Assert.Equal(("Doe^Jane", "ID-1"), (study.First("00100010"), study.First("00100020")));
        await AssertKeptAsync(second);
        await AssertKeptAsync(third);
        var metadata = Assert.Single((await client.GetAsync($"studies/{second.Study}/series/{second.Series}/instances/{second.Instance}/metadata", "application/dicom+json")).Json.EnumerateArray());
        Assert.Equal((name.TrimEnd('^'), id), (metadata.First("00100010")!.TrimEnd('^'), metadata.First("00100020")));
    }

    [SkippableFact]
    public async Task A_second_patient_of_a_study_is_a_warning_of_C_STORE()
    {
        Scu.RequireDcmtk();
        using var scu = await Scu.AddAsync(mesh, _user.Email);
        var second = _first with { PatientName = "Roe^Richard", Instance = SyntheticSeries.NewUid() };
        (await scu.StoreAsync(await scu.FilesAsync("one", [_first.File]))).EnsureSuccess();
        var warned = (await scu.StoreAsync(await scu.FilesAsync("two", [second.File]))).EnsureSuccess();
        Assert.Matches("(?i)coercion ?of ?data ?elements", warned.Output + warned.Error);
        Assert.Equal(2, (await _user.Studies.ListStudiesAsync(new ListStudiesRequest(), _user.Headers)).Studies.Single().InstanceCount);
    }

    [Fact]
    public async Task Two_patients_of_one_upload_are_told_apart_by_the_first()
    {
        var second = _first with { PatientName = "Roe^Richard", PatientId = "ID-2", Instance = SyntheticSeries.NewUid() };
        var results = (await _user.UploadAsync([_first.File, second.File])).Results;
        Assert.Empty(results[0].Warnings);
        Assert.Equal([InstanceWarning.PatientDiffers], results[1].Warnings);
    }

    [Fact]
    public async Task A_patient_ID_with_two_names_stays_two_studies_with_a_name_each()
    {
        var other = new SmallInstance { PatientId = _first.PatientId, PatientName = "Roe^Richard" };
        Assert.All((await _user.UploadAsync([_first.File, other.File])).Results, r => Assert.Equal((Outcome.Stored, 0), (r.Outcome, r.Warnings.Count)));
        using var client = new DicomWebClient(_user);
        var found = await client.SearchAsync($"studies?PatientID={_first.PatientId}");
        Assert.Equal(["Doe^Jane", "Roe^Richard"], found.Select(f => f.First("00100010")!).Order(StringComparer.Ordinal));
        await AssertKeptAsync(_first);
        await AssertKeptAsync(other);
    }

    private static void AssertConflict(InstanceResult result, SmallInstance kept)
    {
        Assert.Equal((Outcome.Refused, Reason.InstanceConflict, kept.Instance), (result.Outcome, result.Reason, result.SopInstanceUid));
        Assert.NotEmpty(result.Message);
    }

    private async Task AssertKeptAsync(SmallInstance instance)
    {
        var request = new RetrieveInstanceRequest { StudyInstanceUid = instance.Study, SeriesInstanceUid = instance.Series, SopInstanceUid = instance.Instance };
        Assert.Equal(instance.File, Assert.Single(await _user.Studies.RetrieveInstance(request, _user.Headers).FilesAsync()).Value);
    }
}
