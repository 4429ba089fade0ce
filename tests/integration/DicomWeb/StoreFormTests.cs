using System.Globalization;
using System.Net;
using System.Text;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>The forms of STOW-RS beside parts of application/dicom, and what archives offer to delete with.</summary>
[Collection(MeshCollection.Name)]
public sealed class StoreFormTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private const string MultipartJson = $"multipart/related; type=\"application/dicom+json\"; boundary={MultipartBody.Boundary}";

    private readonly SmallInstance _good = new() { PatientName = "Müller^Jürgen=山田^太郎" };
    private TestUser _user = null!;
    private DicomWebClient _client = null!;

    public async Task InitializeAsync() => _client = new DicomWebClient(_user = await mesh.NewUserAsync(Role.HealthProfessional));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task One_file_may_be_the_whole_body()
    {
        Assert.Equal(HttpStatusCode.OK, (await _client.PostAsync(_good.File, "application/dicom")).Status);
        Assert.Equal(_good.File, (await _client.GetAsync($"studies/{_good.Study}", "application/dicom")).Body);
        Assert.Equal(HttpStatusCode.OK, (await _client.PostAsync(_good.File, "application/dicom", _good.Study)).Status);

        var stranger = await _client.PostAsync(new SmallInstance().File, "application/dicom", _good.Study);
        var failure = Assert.Single(stranger.Items("00081198"));
        Assert.Equal((HttpStatusCode.Conflict, "STUDY_MISMATCH", "43265"), (stranger.Status, failure.First("00000902"), failure.First("00081197")));
        Assert.Equal(HttpStatusCode.Conflict, (await _client.PostAsync([], "application/dicom")).Status);
    }

    [Fact]
    public async Task A_list_of_transfer_syntaxes_does_not_make_another_media_type() =>
        Assert.Equal(HttpStatusCode.OK, (await _client.PostAsync(_good.File, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")).Status);

    [Fact]
    public async Task DICOM_JSON_with_bulk_data_becomes_an_instance_with_the_same_metadata_and_pixels()
    {
        var pixels = new byte[6 * 5 * 2];
        new Random(5).NextBytes(pixels);
        var answer = await StoreJsonAsync([("u1", pixels)], Json(_good, "\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"u1\"}"));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(_good.Instance, Assert.Single(answer.Items("00081199")).First("00081155"));

        var instance = $"studies/{_good.Study}/series/{_good.Series}/instances/{_good.Instance}";
        var metadata = Assert.Single((await _client.GetAsync(instance + "/metadata")).Json.EnumerateArray());
        Assert.Equal(["Müller^Jürgen", "山田^太郎"], metadata.GetProperty("00100010").GetProperty("Value")[0].EnumerateObject().Select(p => p.Value.GetString()));
        Assert.Equal(pixels, (await _client.GetAsync(instance + "/frames/1", "application/octet-stream")).Body);
        Assert.Equal("1.2.840.10008.1.2.1", (await _client.GetAsync(instance, "application/dicom")).ContentType.Split('=')[1]);
    }

    [Fact]
    public async Task DICOM_JSON_alone_may_be_the_whole_body_and_holds_many_instances()
    {
        var second = _good with { Instance = SyntheticSeries.NewUid() };
        var answer = await _client.PostAsync(Encoding.UTF8.GetBytes($"[{Json(_good)},{Json(second)},{{\"00100010\":{{\"vr\":\"PN\"}}}}]"), "application/dicom+json");
        Assert.Equal((HttpStatusCode.Accepted, 2), (answer.Status, answer.Items("00081199").Count));
        Assert.Equal("DICOM_IDENTIFIER_MISSING", Assert.Single(answer.Items("0008119A")).First("00000902"));
        Assert.Equal(2, (await _client.SearchAsync($"studies/{_good.Study}/instances")).Count);
    }

    [Fact]
    public async Task DICOM_JSON_that_names_what_is_not_there_is_reported()
    {
        var answer = await StoreJsonAsync([], Json(_good, "\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"elsewhere\"}"));
        Assert.Equal((HttpStatusCode.Conflict, _good.Instance), (answer.Status, Assert.Single(answer.Items("00081198")).First("00081155")));
        Assert.Empty(await _client.SearchAsync("instances"));
    }

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("[{\"0010\":{}}]", HttpStatusCode.BadRequest)]
    [InlineData("[{\"00100010\":{\"vr\":\"XX\"}}]", HttpStatusCode.BadRequest)]
    public async Task JSON_that_is_no_DICOM_is_refused(string json, HttpStatusCode status)
    {
        var answer = await _client.PostAsync(Encoding.UTF8.GetBytes(json), "application/dicom+json");
        Assert.Equal((status, "FIELD_INVALID"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task Compressed_bulk_data_and_too_much_of_any_are_refused()
    {
        var body = MultipartBody.Of([("application/dicom+json", Encoding.UTF8.GetBytes($"[{Json(_good)}]")), ("image/jpeg", [0xFF, 0xD8])]);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _client.PostAsync(body, MultipartJson)).Status);
        var large = await StoreJsonAsync([("u", new byte[66 * 1024 * 1024])], Json(_good));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "LIMIT_EXCEEDED"), (large.Status, large.Reason));
        Assert.Empty(await _client.SearchAsync("instances"));
    }

    [Fact]
    public async Task The_response_is_JSON_or_not_acceptable()
    {
        using var http = _user.Http();
        using var content = new ByteArrayContent(_good.File);
        content.Headers.ContentType = new("application/dicom");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/dicomweb/studies", UriKind.Relative)) { Content = content };
        request.Headers.Accept.ParseAdd("application/dicom+xml");
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
        Assert.Empty(await _client.SearchAsync("instances"));
    }

    [Fact]
    public async Task A_study_is_deleted_by_its_owner_alone_and_may_be_stored_again()
    {
        await _client.StoreAsync([_good.File]);
        var tag = (await _client.GetAsync($"studies/{_good.Study}/metadata")).Header("ETag");
        using var stranger = new DicomWebClient(await mesh.NewUserAsync(Role.HealthProfessional));
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.SendAsync(HttpMethod.Delete, $"studies/{_good.Study}")).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await _client.SendAsync(HttpMethod.Delete, $"studies/{_good.Study}")).Status);
        Assert.Empty(await _client.SearchAsync("studies"));
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.SendAsync(HttpMethod.Delete, $"studies/{_good.Study}")).Status);

        var other = _good with { Comment = "another version" };
        Assert.Equal(HttpStatusCode.OK, (await _client.StoreAsync([other.File])).Status);
        var again = await _client.SendAsync(HttpMethod.Get, $"studies/{_good.Study}/metadata", ("If-None-Match", tag));
        Assert.Equal(HttpStatusCode.OK, again.Status);
    }

    [Fact]
    public async Task A_rejection_deletes_where_it_says_so_and_others_are_not_known()
    {
        await _client.StoreAsync([_good.File, (_good with { Instance = SyntheticSeries.NewUid() }).File]);
        var kept = await _client.SendAsync(HttpMethod.Post, $"studies/{_good.Study}/reject/113001%5EDCM");
        Assert.Equal((HttpStatusCode.NotImplemented, "NOT_SUPPORTED"), (kept.Status, kept.Reason));
        Assert.Single(await _client.SearchAsync("studies"));
        var gone = await _client.SendAsync(HttpMethod.Post, $"studies/{_good.Study}/reject/113039%5EDCM");
        Assert.Equal((HttpStatusCode.OK, 2), (gone.Status, gone.Json.GetProperty("count").GetInt32()));
        Assert.Empty(await _client.SearchAsync("studies"));
    }

    [Fact]
    public async Task Series_and_instances_are_deleted_by_themselves_and_the_last_one_takes_its_study_along()
    {
        var second = _good with { Instance = SyntheticSeries.NewUid() };
        var third = _good with { Series = SyntheticSeries.NewUid(), Instance = SyntheticSeries.NewUid() };
        await _client.StoreAsync([_good.File, second.File, third.File]);
        string Path(SmallInstance file) => $"studies/{file.Study}/series/{file.Series}/instances/{file.Instance}";

        Assert.Equal(HttpStatusCode.NoContent, (await _client.SendAsync(HttpMethod.Delete, Path(second))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.SendAsync(HttpMethod.Delete, Path(second))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync(Path(second), DicomWebClient.MultipartDicom)).Status);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(Path(_good), DicomWebClient.MultipartDicom)).Status);

        var series = await _client.SendAsync(HttpMethod.Post, $"studies/{third.Study}/series/{third.Series}/reject/113039%5EDCM");
        Assert.Equal((HttpStatusCode.OK, 1), (series.Status, series.Json.GetProperty("count").GetInt32()));
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(Path(_good), DicomWebClient.MultipartDicom)).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await _client.SendAsync(HttpMethod.Delete, Path(_good))).Status);
        Assert.Empty(await _client.SearchAsync("studies"));
    }

    private Task<DicomWebAnswer> StoreJsonAsync((string Location, byte[] Content)[] bulk, params string[] datasets)
    {
        using var body = new MemoryStream();
        void Part(string headers, byte[] content)
        {
            body.Write(Encoding.ASCII.GetBytes($"--{MultipartBody.Boundary}\r\n{headers}\r\n\r\n"));
            body.Write(content);
            body.Write("\r\n"u8);
        }

        Part("Content-Type: application/dicom+json", Encoding.UTF8.GetBytes($"[{string.Join(',', datasets)}]"));
        foreach (var (location, content) in bulk)
        {
            Part($"Content-Type: application/octet-stream\r\nContent-Location: {location}", content);
        }

        body.Write(Encoding.ASCII.GetBytes($"--{MultipartBody.Boundary}--\r\n"));
        return _client.PostAsync(body.ToArray(), MultipartJson);
    }

    private static string Json(SmallInstance instance, string more = "")
    {
        var dataset = instance.Dataset.Set(DicomTags.Rows, 6d).Set(DicomTags.Columns, 5d).Set(DicomTags.SamplesPerPixel, 1d).Set(DicomTags.BitsStored, 16d)
            .Set(DicomTags.HighBit, 15d).Set(DicomTags.PixelRepresentation, 0d).Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        var text = new StringBuilder("{");
        foreach (var element in dataset)
        {
            var values = element.VR switch
            {
                DicomVR.PN => element.Text.Split('=') is var groups ? $"[{{\"Alphabetic\":\"{groups[0]}\"{(groups.Length > 1 ? $",\"Ideographic\":\"{groups[1]}\"" : "")}}}]" : "",
                DicomVR.US => $"[{string.Join(',', element.Numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)))}]",
                DicomVR.IS => $"[{element.Text}]",
                _ => $"[{string.Join(',', element.Strings.Select(s => $"\"{s}\""))}]",
            };
            text.Append(CultureInfo.InvariantCulture, $"\"{element.Tag.Value:X8}\":{{\"vr\":\"{element.VR}\"{(element.IsEmpty ? "" : ",\"Value\":" + values)}}},");
        }

        return more.Length > 0 ? text.Append(more).Append('}').ToString() : text.ToString().TrimEnd(',') + "}";
    }
}
