using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>Pages, orders and filters of the lists, and what is not there, over gRPC and REST.</summary>
[Collection(MeshCollection.Name)]
public sealed class ListingTests(MeshFixture mesh)
{
    [Fact]
    public async Task Pages_follow_each_other_in_the_order_asked_for_and_belong_to_their_filters()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var studies = Enumerable.Range(0, 5).Select(i => new SmallInstance { PatientName = $"Patient^{"EDCBA"[i]}" }).ToList();
        await user.UploadAsync(studies.Select(s => s.File));
        var request = new ListStudiesRequest { PageSize = 2, OrderBy = "patient_name", PatientName = "patient*" };
        var seen = new List<string>();
        do
        {
            var page = await user.Studies.ListStudiesAsync(request, user.Headers);
            Assert.Equal(5, page.TotalSize);
            seen.AddRange(page.Studies.Select(s => s.PatientName));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(["Patient^A", "Patient^B", "Patient^C", "Patient^D", "Patient^E"], seen);

        request.PageToken = (await user.Studies.ListStudiesAsync(request, user.Headers)).NextPageToken;
        request.PatientName = "*";
        await FailsAsync(() => user.Studies.ListStudiesAsync(request, user.Headers), Reason.FieldInvalid, "page_token");

        // A wish for more than a page holds is cut, not refused.
        Assert.Equal(5, (await user.Studies.ListStudiesAsync(new ListStudiesRequest { PageSize = int.MaxValue }, user.Headers)).Studies.Count);
    }

    [Fact]
    public async Task Malformed_requests_name_their_field()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await FailsAsync(() => user.Studies.ListStudiesAsync(new ListStudiesRequest { PageSize = -1 }, user.Headers), Reason.FieldInvalid, "page_size");
        await FailsAsync(() => user.Studies.ListStudiesAsync(new ListStudiesRequest { PageToken = "garbage" }, user.Headers), Reason.FieldInvalid, "page_token");
        await FailsAsync(() => user.Studies.ListStudiesAsync(new ListStudiesRequest { PageToken = new string('A', 100_000) }, user.Headers), Reason.FieldInvalid, "page_token");
        await FailsAsync(() => user.Studies.ListStudiesAsync(new ListStudiesRequest { OrderBy = "patient_shoe_size" }, user.Headers), Reason.FieldInvalid, "order_by");
        await FailsAsync(() => user.Studies.ListStudiesAsync(new ListStudiesRequest { StudyDate = "yesterday" }, user.Headers), Reason.FieldInvalid, "study_date");
        await FailsAsync(() => user.Studies.GetStudyAsync(new GetStudyRequest { Name = "studies/../accounts" }, user.Headers), Reason.FieldInvalid, "name");
        await FailsAsync(() => user.Studies.CreateUploadAsync(new CreateUploadRequest { StudyInstanceUid = "not a uid" }, user.Headers), Reason.FieldInvalid, "study_instance_uid");
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found_whichever_way_it_is_asked_for()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var stored = new SmallInstance();
        await user.UploadAsync([stored.File]);
        var unknown = SyntheticSeries.NewUid();
        await FailsAsync(() => user.Studies.GetStudyAsync(new GetStudyRequest { Name = $"studies/{Guid.NewGuid()}" }, user.Headers), Reason.NotFound);
        await FailsAsync(() => user.Studies.ListSeriesAsync(new ListSeriesRequest { Parent = $"studies/{Guid.NewGuid()}" }, user.Headers), Reason.NotFound);
        await FailsAsync(() => user.Studies.LookupSeriesAsync(new LookupSeriesRequest { SeriesInstanceUid = unknown }, user.Headers), Reason.NotFound);
        await FailsAsync(() => user.Studies.CreateUploadAsync(new CreateUploadRequest { Study = $"studies/{Guid.NewGuid()}" }, user.Headers), Reason.NotFound);
        await FailsAsync(() => user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = unknown }, user.Headers).ResponseStream.MoveNext(default), Reason.NotFound);

        using var client = new DicomWebClient(user);
        var (study, series) = ($"studies/{stored.Study}", $"studies/{stored.Study}/series/{stored.Series}");
        foreach (var path in new[]
        {
            $"studies/{unknown}", $"studies/{unknown}/metadata", $"{study}/series/{unknown}", $"{study}/series/{unknown}/metadata", $"{series}/instances/{unknown}",
            $"{series}/instances/{unknown}/frames/1", $"{series}/instances/{unknown}/metadata", $"{series}/instances/{stored.Instance}/bulkdata/7FE00010",
            $"{series}/instances/{stored.Instance}/frames/1", $"studies/{unknown}/series/{stored.Series}", $"{study}/series/{unknown}/instances/{stored.Instance}",
        })
        {
            var answer = await client.GetAsync(path);
            Assert.True(answer.Status == HttpStatusCode.NotFound, $"{path}: {answer}");
            Assert.Contains(answer.Reason, new[] { "NOT_FOUND", "STATE_CONFLICT" });
        }
    }

    [Fact]
    public async Task An_upload_does_not_exist_for_others()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var stranger = await mesh.NewUserAsync(Role.HealthProfessional);
        var upload = await user.Studies.CreateUploadAsync(new CreateUploadRequest(), user.Headers);
        Assert.Equal(upload, await user.Studies.GetUploadAsync(new GetUploadRequest { Name = upload.Name }, user.Headers));
        await FailsAsync(() => stranger.Studies.GetUploadAsync(new GetUploadRequest { Name = upload.Name }, stranger.Headers), Reason.NotFound);
        await FailsAsync(() => stranger.UploadAsync(upload.Name, 0, []), Reason.NotFound);
    }

    [Fact]
    public async Task A_job_on_an_unknown_series_is_refused_over_REST()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var model = (await researcher.PublishAsync(TestModels.Threshold)).Model;
        using var http = researcher.Http();
        using var body = JsonContent.Create(new { model = model.Name, seriesInstanceUid = SyntheticSeries.NewUid() });
        using var response = await http.PostAsync(new Uri("/v1/jobs", UriKind.Relative), body);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.NotFound, answer);
        Assert.Equal("NOT_FOUND", JsonDocument.Parse(answer).RootElement.GetProperty("details")[0].GetProperty("reason").GetString());
        Assert.Empty((await researcher.Jobs.ListJobsAsync(new MedCloudCare.Inference.V1.ListJobsRequest(), researcher.Headers)).Jobs);
    }

    [Theory]
    [InlineData("/v1/studies?pageSize=-1", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("/v1/studies?pageToken=garbage", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("/v1/studies/not-a-uuid", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("/v1/studies/00000000-0000-4000-8000-000000000000", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("/v1/studies/00000000-0000-4000-8000-000000000000/series", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("/v1/series:lookup?seriesInstanceUid=1.2.3", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("/v1/uploads/00000000-0000-4000-8000-000000000000", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("/v1/models/00000000-0000-4000-8000-000000000000", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("/v1/jobs/00000000-0000-4000-8000-000000000000", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("/v1/nowhere", HttpStatusCode.NotFound, "NOT_FOUND")]
    public async Task Errors_are_typed_over_REST_too(string path, HttpStatusCode status, string reason)
    {
        using var http = (await mesh.NewUserAsync(Role.HealthProfessional)).Http();
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, body);
        Assert.Equal(reason, JsonDocument.Parse(body).RootElement.GetProperty("details")[0].GetProperty("reason").GetString());
    }

    private static async Task FailsAsync<T>(Func<AsyncUnaryCall<T>> call, Reason reason, string field = "") => await FailsAsync(async () => await call(), reason, field);

    private static async Task FailsAsync<T>(Func<Task<T>> call, Reason reason, string field = "")
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(MeshErrors.TryRead(error, out var actual, out var metadata), error.ToString());
        Assert.Equal(reason, actual);
        if (field.Length > 0)
        {
            Assert.Equal(field, metadata["field"]);
        }
    }
}
