using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Conditional requests, ranges of bytes and requests for headers alone (RFC 9110 §13, §14).</summary>
[Collection(MeshCollection.Name)]
public sealed class ConditionalTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private readonly SmallInstance _one = new();
    private readonly byte[] _pixels = new byte[200_000];
    private byte[] _file = [];
    private TestUser _user = null!;
    private DicomWebClient _client = null!;

    private string StudyPath => $"studies/{_one.Study}";

    private string SeriesPath => $"{StudyPath}/series/{_one.Series}";

    private string InstancePath => $"{SeriesPath}/instances/{_one.Instance}";

    public async Task InitializeAsync()
    {
        new Random(11).NextBytes(_pixels);
        _file = DicomFile.ToArray(_one.Dataset.Set(DicomTags.Rows, 400d).Set(DicomTags.Columns, 250d).SetBytes(DicomTags.PixelData, DicomVR.OW, _pixels));
        _user = await mesh.NewUserAsync(Role.HealthProfessional);
        await _user.UploadAsync([_file]);
        _client = new DicomWebClient(_user);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task Metadata_that_the_client_has_are_not_sent_again_until_their_resource_changes()
    {
        var other = _one with { Series = SyntheticSeries.NewUid(), Instance = SyntheticSeries.NewUid() };
        await _user.UploadAsync([other.File]);
        var otherSeries = $"{StudyPath}/series/{other.Series}";
        string[] paths = [StudyPath, SeriesPath, InstancePath, otherSeries];
        var tags = new Dictionary<string, string>();
        foreach (var path in paths)
        {
            var answer = await _client.GetAsync(path + "/metadata", "application/dicom+json");
            tags[path] = answer.Header("ETag");
            Assert.StartsWith("W/\"", tags[path], StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.NotModified, (await AskAsync(path, tags[path])).Status);
            Assert.Equal(HttpStatusCode.NotModified, (await AskAsync(path, $"\"another\", {tags[path]}")).Status);
            Assert.Equal(HttpStatusCode.NotModified, (await AskAsync(path, "*")).Status);
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(path, "W/\"another\"")).Status);
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(path, "no tag")).Status);
        }

        Assert.Equal(4, tags.Values.Distinct().Count());
        var kept = await AskAsync(SeriesPath, tags[SeriesPath]);
        Assert.Equal((0, tags[SeriesPath]), (kept.Body.Length, kept.Header("ETag")));

        // One more instance in the first series: study and series change, the instance and the other series do not.
        await _user.UploadAsync([(_one with { Instance = SyntheticSeries.NewUid(), InstanceNumber = "2" }).File]);
        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.NotModified, HttpStatusCode.NotModified],
            await Task.WhenAll(paths.Select(async p => (await AskAsync(p, tags[p])).Status)));
        Assert.Equal(2, (await AskAsync(SeriesPath, tags[SeriesPath])).Json.GetArrayLength());
    }

    [Fact]
    public async Task Versions_are_not_told_to_those_who_may_not_see_the_resource()
    {
        var tag = (await _client.GetAsync(SeriesPath + "/metadata")).Header("ETag");
        using var stranger = new DicomWebClient(await mesh.NewUserAsync(Role.HealthProfessional));
        var answer = await stranger.SendAsync(HttpMethod.Get, SeriesPath + "/metadata", ("If-None-Match", tag));
        Assert.Equal((HttpStatusCode.NotFound, "NOT_FOUND"), (answer.Status, answer.Reason));
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=10-19", 10, 10)]
    [InlineData("bytes=65530-131080", 65530, 65551)]
    [InlineData("bytes=199999-", 199_999, 1)]
    [InlineData("bytes=150000-999999999", 150_000, 50_000)]
    [InlineData("bytes=-1", 199_999, 1)]
    [InlineData("bytes=-500000", 0, 200_000)]
    public async Task A_range_of_bulk_data_is_that_range(string range, int offset, int length)
    {
        var answer = await BulkAsync(("Range", range));
        Assert.Equal((HttpStatusCode.PartialContent, $"bytes {offset}-{offset + length - 1}/200000"), (answer.Status, answer.Header("Content-Range")));
        Assert.Equal(_pixels.AsSpan(offset, length).ToArray(), answer.Body);
    }

    [Fact]
    public async Task A_range_of_a_file_is_that_range_and_continues_what_broke_off()
    {
        var whole = await InstanceAsync();
        Assert.Equal(("bytes", "attachment", "nosniff"), (whole.Header("Accept-Ranges"), whole.Header("Content-Disposition").Split(';')[0], whole.Header("X-Content-Type-Options")));
        Assert.Equal(_file, whole.Body);
        var rest = await InstanceAsync(("Range", "bytes=70000-"), ("If-Range", whole.Header("ETag")));
        Assert.Equal(HttpStatusCode.PartialContent, rest.Status);
        Assert.Equal(_file, whole.Body[..70000].Concat(rest.Body));
        Assert.Equal(whole.Header("ETag"), rest.Header("ETag"));
    }

    [Theory]
    [InlineData("bytes=200000-")]
    [InlineData("bytes=99999999999-")]
    [InlineData("bytes=-0")]
    public async Task A_range_behind_the_end_is_refused_with_the_length(string range)
    {
        var answer = await BulkAsync(("Range", range));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "FIELD_INVALID", "bytes */200000"), (answer.Status, answer.Reason, answer.Header("Content-Range")));
    }

    [Theory]
    [InlineData("bytes=0-1,5-6")]
    [InlineData("bytes=6-5")]
    [InlineData("lines=1-2")]
    [InlineData("bytes=x")]
    public async Task A_range_that_is_not_served_is_ignored(string range)
    {
        var answer = await BulkAsync(("Range", range));
        Assert.Equal((HttpStatusCode.OK, 200_000), (answer.Status, answer.Body.Length));
    }

    [Theory]
    [InlineData("\"another\"")]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT")]
    public async Task A_range_of_another_version_becomes_the_whole(string condition)
    {
        var answer = await BulkAsync(("Range", "bytes=0-9"), ("If-Range", condition));
        Assert.Equal((HttpStatusCode.OK, 200_000), (answer.Status, answer.Body.Length));
    }

    [Fact]
    public async Task A_range_of_a_multipart_answer_is_ignored()
    {
        var answer = await _client.SendAsync(HttpMethod.Get, InstancePath, ("Accept", DicomWebClient.MultipartDicom), ("Range", "bytes=0-9"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(_file, Assert.Single(answer.Parts).Content);
    }

    [Fact]
    public async Task A_file_and_bulk_data_that_the_client_has_are_not_sent_again()
    {
        var file = await InstanceAsync();
        Assert.Equal(HttpStatusCode.NotModified, (await InstanceAsync(("If-None-Match", file.Header("ETag")))).Status);
        var bulk = await BulkAsync();
        Assert.Equal(HttpStatusCode.NotModified, (await BulkAsync(("If-None-Match", bulk.Header("ETag")))).Status);
    }

    [Fact]
    public async Task HEAD_gives_the_headers_alone()
    {
        foreach (var (path, accept) in new[]
        {
            ("studies", "application/dicom+json"), (SeriesPath + "/metadata", "application/dicom+json"), (InstancePath, "application/dicom"),
            (InstancePath + "/bulkdata/7FE00010", "application/octet-stream"), (InstancePath + "/frames/1", DicomWebClient.MultipartFrames), (StudyPath, DicomWebClient.MultipartDicom),
        })
        {
            var get = await _client.GetAsync(path, accept);
            var head = await _client.SendAsync(HttpMethod.Head, path, ("Accept", accept));
            Assert.True(head.Status == HttpStatusCode.OK && get.Status == HttpStatusCode.OK, $"{path}: {get.Status} {head}");
            Assert.Empty(head.Body);
            Assert.Equal(get.ContentType.Split(';')[0], head.ContentType.Split(';')[0]);
            Assert.Equal(get.Header("ETag"), head.Header("ETag"));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _client.SendAsync(HttpMethod.Head, $"studies/{SyntheticSeries.NewUid()}/metadata")).Status);
    }

    private Task<DicomWebAnswer> AskAsync(string path, string tag) =>
        _client.SendAsync(HttpMethod.Get, path + "/metadata", ("Accept", "application/dicom+json"), ("If-None-Match", tag));

    private Task<DicomWebAnswer> BulkAsync(params (string, string)[] headers) =>
        _client.SendAsync(HttpMethod.Get, InstancePath + "/bulkdata/7FE00010", [("Accept", "application/octet-stream"), .. headers]);

    private Task<DicomWebAnswer> InstanceAsync(params (string, string)[] headers) =>
        _client.SendAsync(HttpMethod.Get, InstancePath, [("Accept", "application/dicom"), .. headers]);
}
