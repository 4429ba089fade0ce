using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.IntegrationTests.Studies;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Deletion;

[Collection(MeshCollection.Name)]
public sealed class DeleteStudyTests(MeshFixture mesh)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_deleted_study_exists_for_nobody_from_the_next_request_on_and_may_be_stored_anew()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var colleague = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 3);
        var other = new SyntheticSeries(slices: 2);
        await owner.UploadAsync(series.Files);
        await owner.UploadAsync(other.Files);
        var study = await NameOfAsync(owner, series);
        await owner.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study, Grantee = colleague.Name, Permission = Permission.Annotate }, owner.Headers);
        var upload = await owner.Studies.CreateUploadAsync(new CreateUploadRequest { Study = study }, owner.Headers);
        Assert.Equal(study, await NameOfAsync(colleague, series));

        using var http = owner.Http();
        (await http.DeleteAsync(new Uri("/v1/" + study, UriKind.Relative))).EnsureSuccessStatusCode();

        foreach (var user in new[] { owner, colleague })
        {
            await NotFoundAsync(async () => await user.Studies.GetStudyAsync(new GetStudyRequest { Name = study }, user.Headers));
            await NotFoundAsync(async () => await user.Studies.ListSeriesAsync(new ListSeriesRequest { Parent = study }, user.Headers));
            await NotFoundAsync(() => user.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = series.StudyInstanceUid }, user.Headers).FilesAsync());
            await NotFoundAsync(() => user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync());
            Assert.DoesNotContain((await user.Studies.ListStudiesAsync(new ListStudiesRequest(), user.Headers)).Studies, s => s.Name == study);
            using var web = user.Http();
            using var metadata = await web.GetAsync(new Uri($"/dicomweb/studies/{series.StudyInstanceUid}/metadata", UriKind.Relative));
            Assert.Equal(System.Net.HttpStatusCode.NotFound, metadata.StatusCode);
        }

        await NotFoundAsync(async () => await owner.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = study }, owner.Headers));
        await NotFoundAsync(async () => await owner.Studies.GetUploadAsync(new GetUploadRequest { Name = upload.Name }, owner.Headers));
        Assert.Equal(2, (await owner.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = other.StudyInstanceUid }, owner.Headers).FilesAsync()).Count);
        await Eventually.TrueAsync("the end of the grant", Limit, async () =>
            (await owner.Sharing.ListGrantsAsync(new ListGrantsRequest { Resource = study }, owner.Headers)).Grants.Count == 0);

        var again = await owner.UploadAsync(series.Files);
        Assert.All(again.Results, r => Assert.Equal(InstanceResult.Types.Outcome.Stored, r.Outcome));
        Assert.NotEqual(study, await NameOfAsync(owner, series));
        await NotFoundAsync(() => colleague.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = series.StudyInstanceUid }, colleague.Headers).FilesAsync());
    }

    [Fact]
    public async Task Its_key_is_erased_at_once_and_its_packs_are_removed_from_the_store()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 2);
        await owner.UploadAsync(series.Files);
        var study = await NameOfAsync(owner, series);
        var id = Guid.Parse(study["studies/".Length..]).ToString("n");
        var key = Directory.GetFiles(Path.Combine(mesh.Data, "keys", "studies"), id + ".key", SearchOption.AllDirectories).Single();
        Assert.True(new FileInfo(key).Length > 5);
        var header = Convert.FromHexString(id);
        List<string> PacksOfStudy() => [.. Directory.GetFiles(Path.Combine(mesh.Data, "objects"), "*.pack", SearchOption.AllDirectories).Where(f => Holds(f, header))];
        Assert.NotEmpty(PacksOfStudy());

        await owner.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = study }, owner.Headers);

        Assert.Equal("MCCK\0"u8.ToArray(), await File.ReadAllBytesAsync(key));
        await Eventually.TrueAsync("the removal of the packs", Limit, () => Task.FromResult(PacksOfStudy().Count == 0));
    }

    [Fact]
    public async Task Only_the_owner_may_delete_and_a_stranger_does_not_learn_of_the_study()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var colleague = await mesh.NewUserAsync(Role.HealthProfessional);
        var stranger = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 1);
        await owner.UploadAsync(series.Files);
        var study = await NameOfAsync(owner, series);
        await owner.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study, Grantee = colleague.Name, Permission = Permission.Annotate }, owner.Headers);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await colleague.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = study }, colleague.Headers));
        Assert.True(MeshErrors.Is(refused, Reason.NotPermitted));
        await NotFoundAsync(async () => await stranger.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = study }, stranger.Headers));
        Assert.Single(await owner.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = series.StudyInstanceUid }, owner.Headers).FilesAsync());
    }

    [Fact]
    public async Task A_retrieval_that_runs_when_its_study_is_deleted_ends_with_not_found_and_never_as_if_complete()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 80, rows: 512, columns: 512);
        await owner.UploadAsync(series.Files);
        using var call = owner.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, owner.Headers);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await owner.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = await NameOfAsync(owner, series) }, owner.Headers);

        await NotFoundAsync(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });
    }

    [Fact]
    public async Task An_instance_and_a_series_are_deleted_over_REST_and_the_others_stay()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 3);
        var second = new SyntheticSeries(slices: 2, studyInstanceUid: series.StudyInstanceUid);
        await owner.UploadAsync([.. series.Files, .. second.Files]);
        var study = await NameOfAsync(owner, series);
        using var http = owner.Http();
        (await http.DeleteAsync(new Uri($"/v1/{study}/series/{series.SeriesInstanceUid}/instances/{series.SopInstanceUids[1]}", UriKind.Relative))).EnsureSuccessStatusCode();

        var files = await owner.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, owner.Headers).FilesAsync();
        Assert.Equal([series.Files[0], series.Files[2]], new[] { 0, 2 }.Select(i => files[series.SopInstanceUids[i]]));
        Assert.Equal(2, files.Count);
        using var metadata = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync(
            new Uri($"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}/metadata", UriKind.Relative)));
        Assert.Equal(2, metadata.RootElement.GetArrayLength());

        (await http.DeleteAsync(new Uri($"/v1/{study}/series/{series.SeriesInstanceUid}", UriKind.Relative))).EnsureSuccessStatusCode();
        Assert.Equal(second.SeriesInstanceUid, Assert.Single((await owner.Studies.ListSeriesAsync(new ListSeriesRequest { Parent = study }, owner.Headers)).Series).SeriesInstanceUid);
        await NotFoundAsync(async () => await owner.Studies.DeleteSeriesAsync(new DeleteSeriesRequest { Name = $"{study}/series/{series.SeriesInstanceUid}" }, owner.Headers));
    }

    [Fact]
    public async Task The_command_line_deletes_only_when_told_so()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 1);
        await owner.UploadAsync(series.Files);
        using var line = await CommandLine.LoginAsync(mesh, owner);
        Assert.Equal(1, (await line.RunAsync(["studies", "delete", series.StudyInstanceUid])).ExitCode);
        Assert.NotEmpty(await NameOfAsync(owner, series));
        var deleted = (await line.RunAsync(["studies", "delete", series.StudyInstanceUid, "--yes"])).EnsureSuccess();
        Assert.Contains("the key is erased", deleted.Error, StringComparison.Ordinal);
        Assert.Equal("[]", (await line.RunAsync(["studies", "--json"])).EnsureSuccess().Output.Trim());
    }

    private static async Task<string> NameOfAsync(TestUser user, SyntheticSeries series) =>
        Assert.Single((await user.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = series.StudyInstanceUid }, user.Headers)).Studies).Name;

    private static async Task NotFoundAsync(Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(error.StatusCode == StatusCode.NotFound, error.Status.ToString());
    }

    /// <summary>The header of a pack names its study (services/study/Store/FORMAT.md).</summary>
    private static bool Holds(string pack, byte[] study)
    {
        try
        {
            using var file = File.OpenRead(pack);
            var header = new byte[24];
            return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length && header.AsSpan(8).SequenceEqual(study);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}
