using System.Net;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using StudyResource = MedCloudCare.Study.V1.Study;

namespace MedCloudCare.IntegrationTests.Sharing;

[Collection(MeshCollection.Name)]
public sealed class GrantTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_granted_study_is_seen_and_a_revoked_one_is_gone_with_the_next_request()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var colleague = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 2);
        await owner.UploadAsync(series.Files);
        var study = Assert.Single((await owner.Studies.ListStudiesAsync(new ListStudiesRequest(), owner.Headers)).Studies);

        await AssertInvisibleAsync(colleague, study, series);
        var grant = await owner.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study.Name, GranteeEmail = colleague.Email, Permission = Permission.View }, owner.Headers);
        var seen = Assert.Single((await colleague.Studies.ListStudiesAsync(new ListStudiesRequest(), colleague.Headers)).Studies);
        Assert.Equal(study.Name, seen.Name);
        Assert.Equal(Access.View, seen.Access);
        Assert.Equal(series.PatientName, seen.PatientName);
        var files = await colleague.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, colleague.Headers).FilesAsync();
        Assert.Equal(series.Files[0], files[series.SopInstanceUids[0]]);

        await owner.Sharing.DeleteGrantAsync(new DeleteGrantRequest { Name = grant.Name }, owner.Headers);
        await AssertInvisibleAsync(colleague, study, series);
    }

    [Fact]
    public async Task Two_owners_of_the_same_study_do_not_learn_of_each_other_and_each_gets_the_own_one()
    {
        var first = await mesh.NewUserAsync(Role.HealthProfessional);
        var second = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 2);
        await first.UploadAsync(series.Files);
        await second.UploadAsync(series.Files.Take(1));
        var own = Assert.Single((await second.Studies.ListStudiesAsync(new ListStudiesRequest(), second.Headers)).Studies);
        Assert.Equal(1, own.InstanceCount);
        var other = Assert.Single((await first.Studies.ListStudiesAsync(new ListStudiesRequest(), first.Headers)).Studies);

        await first.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = other.Name, Grantee = second.Name, Permission = Permission.View }, first.Headers);
        var files = await second.Studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = series.StudyInstanceUid }, second.Headers).FilesAsync();
        Assert.Single(files);
    }

    [Fact]
    public async Task Only_the_owner_shares_and_only_with_those_whom_the_kind_is_for()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var stranger = await mesh.NewUserAsync(Role.HealthProfessional);
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        await owner.UploadAsync(new SyntheticSeries(slices: 1).Files);
        var study = Assert.Single((await owner.Studies.ListStudiesAsync(new ListStudiesRequest(), owner.Headers)).Studies);

        await AssertReasonAsync(Reason.NotFound, stranger.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study.Name, Grantee = stranger.Name, Permission = Permission.View }, stranger.Headers));
        await AssertReasonAsync(Reason.NotPermitted, owner.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study.Name, Grantee = researcher.Name, Permission = Permission.View }, owner.Headers));
        await AssertReasonAsync(Reason.NotFound, owner.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study.Name, GranteeEmail = "nobody@test.example", Permission = Permission.View }, owner.Headers));

        await owner.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study.Name, Grantee = stranger.Name, Permission = Permission.Edit }, owner.Headers);
        await AssertReasonAsync(Reason.NotPermitted, stranger.Sharing.CreateGrantAsync(
            new CreateGrantRequest { Resource = study.Name, Grantee = owner.Name, Permission = Permission.View }, stranger.Headers));
    }

    private static async Task AssertInvisibleAsync(TestUser user, StudyResource study, SyntheticSeries series)
    {
        Assert.Empty((await user.Studies.ListStudiesAsync(new ListStudiesRequest(), user.Headers)).Studies);
        await AssertReasonAsync(Reason.NotFound, user.Studies.GetStudyAsync(new GetStudyRequest { Name = study.Name }, user.Headers));
        await AssertReasonAsync(Reason.NotFound, user.Studies.LookupSeriesAsync(
            new LookupSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers));
        using var http = user.Http();
        var path = $"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}/metadata";
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
        Assert.Equal("[]", await http.GetStringAsync(new Uri("/dicomweb/studies", UriKind.Relative)));
    }

    private static async Task AssertReasonAsync<T>(Reason reason, AsyncUnaryCall<T> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.True(MeshErrors.TryRead(error, out var actual, out _), error.Status.ToString());
        Assert.Equal(reason, actual);
    }
}
