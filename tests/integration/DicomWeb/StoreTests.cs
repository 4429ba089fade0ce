using System.Net;
using System.Text;
using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>STOW-RS: status codes and the Store Instances Response (PS3.18 §10.5.3).</summary>
[Collection(MeshCollection.Name)]
public sealed class StoreTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private const string Failed = "00081198";
    private const string Stored = "00081199";
    private const string Other = "0008119A";
    private const string FailureReason = "00081197";
    private const string ErrorComment = "00000902";

    private readonly SmallInstance _good = new();
    private DicomWebClient _client = null!;

    public async Task InitializeAsync() => _client = new DicomWebClient(await mesh.NewUserAsync(Role.HealthProfessional));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task All_instances_stored_is_200_with_their_addresses()
    {
        var second = _good with { Instance = SyntheticSeries.NewUid(), InstanceNumber = "2" };
        var answer = await _client.StoreAsync([_good.File, second.File]);
        Assert.Equal((HttpStatusCode.OK, "application/dicom+json"), (answer.Status, answer.ContentType));
        Assert.EndsWith("/dicomweb/studies/" + _good.Study, answer.Json.First("00081190"), StringComparison.Ordinal);
        Assert.Empty(answer.Items(Failed));
        Assert.Equal([_good.Instance, second.Instance], answer.Items(Stored).Select(i => i.First("00081155")));
        Assert.All(answer.Items(Stored), i => Assert.Equal("1.2.840.10008.5.1.4.1.1.4", i.First("00081150")));
        var address = answer.Items(Stored)[1].First("00081190")!;
        Assert.Equal(second.File, Assert.Single((await _client.GetAsync(address, DicomWebClient.MultipartDicom)).Parts).Content);
        Assert.Equal([_good.File, second.File], (await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts.Select(p => p.Content));
    }

    [Fact]
    public async Task The_same_bytes_again_change_nothing_and_other_bytes_under_the_same_UID_are_a_conflict()
    {
        var first = _good.File;
        Assert.Equal(HttpStatusCode.OK, (await _client.StoreAsync([first])).Status);
        var again = await _client.StoreAsync([first, first]);
        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Equal(2, again.Items(Stored).Count);
        Assert.Single(await _client.SearchAsync("instances"));

        var conflict = await _client.StoreAsync([(_good with { Comment = "other bytes" }).File]);
        Assert.Equal(HttpStatusCode.Conflict, conflict.Status);
        var failure = Assert.Single(conflict.Items(Failed));
        Assert.Equal((_good.Instance, "273", "INSTANCE_CONFLICT"), (failure.First("00081155"), failure.First(FailureReason), failure.First(ErrorComment)));
        Assert.Equal(first, Assert.Single((await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts).Content);
        Assert.Single(await _client.SearchAsync("instances"));
    }

    [Fact]
    public async Task Two_files_of_one_request_under_the_same_UID_are_told_apart()
    {
        var answer = await _client.StoreAsync([_good.File, (_good with { Comment = "other bytes" }).File]);
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal("INSTANCE_CONFLICT", Assert.Single(answer.Items(Failed)).First(ErrorComment));
        Assert.Equal(_good.File, Assert.Single((await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts).Content);
    }

    [Fact]
    public async Task A_part_that_is_no_instance_fails_by_itself()
    {
        var answer = await _client.PostAsync(
            MultipartBody.Of([("application/dicom", "This is a letter."u8.ToArray()), ("application/dicom", _good.File), ("application/pdf", "%PDF-1.7"u8.ToArray())]),
            $"{DicomWebClient.MultipartDicom}; boundary={MultipartBody.Boundary}");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(_good.Instance, Assert.Single(answer.Items(Stored)).First("00081155"));
        Assert.Equal(2, answer.Items(Other).Count);
        Assert.All(answer.Items(Other), i => Assert.Equal(("49152", "DICOM_NOT_RECOGNISED"), (i.First(FailureReason), i.First(ErrorComment))));

        var none = await _client.StoreAsync(["This is a letter."u8.ToArray()]);
        Assert.Equal(HttpStatusCode.Conflict, none.Status);
        Assert.Empty(none.Items(Stored));
    }

    [Fact]
    public async Task Instances_of_another_study_than_the_one_addressed_are_refused()
    {
        var stranger = new SmallInstance();
        var mixed = await _client.StoreAsync([_good.File, stranger.File], _good.Study);
        Assert.Equal(HttpStatusCode.Accepted, mixed.Status);
        Assert.Equal(_good.Instance, Assert.Single(mixed.Items(Stored)).First("00081155"));
        var failure = Assert.Single(mixed.Items(Failed));
        Assert.Equal((stranger.Instance, "STUDY_MISMATCH"), (failure.First("00081155"), failure.First(ErrorComment)));

        // The same where the study is there already.
        Assert.Equal(HttpStatusCode.Conflict, (await _client.StoreAsync([stranger.File], _good.Study)).Status);
        Assert.Empty(await _client.SearchAsync($"studies?StudyInstanceUID={stranger.Study}"));
    }

    [Theory]
    [InlineData("multipart/form-data; boundary=x", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/related; type=\"application/dicom+xml\"; boundary=x", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/dicom+xml", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/related; type=\"application/dicom+json\"; boundary=x", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/related; type=\"application/dicom\"", HttpStatusCode.BadRequest)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=another", HttpStatusCode.BadRequest)]
    public async Task A_body_of_another_kind_is_refused_whole(string contentType, HttpStatusCode status)
    {
        var answer = await _client.PostAsync(MultipartBody.Of([_good.File]), contentType);
        Assert.Equal((status, "FIELD_INVALID"), (answer.Status, answer.Reason));
        Assert.Empty(await _client.SearchAsync("instances"));
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_refused_and_leaves_nothing_of_its_last_instance()
    {
        var second = _good with { Instance = SyntheticSeries.NewUid() };
        var body = MultipartBody.Of([_good.File, second.File]);
        var cut = body[..^(Encoding.ASCII.GetByteCount($"\r\n--{MultipartBody.Boundary}--\r\n") + 10)];
        var answer = await _client.PostAsync(cut, $"{DicomWebClient.MultipartDicom}; boundary={MultipartBody.Boundary}");
        Assert.Equal((HttpStatusCode.BadRequest, "FIELD_INVALID"), (answer.Status, answer.Reason));
        Assert.Contains("part 2", answer.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(await _client.SearchAsync("instances"), i => i.First("00080018") == second.Instance);

        // Sending all of it again is all that a client has to do.
        Assert.Equal(HttpStatusCode.OK, (await _client.StoreAsync([_good.File, second.File])).Status);
        Assert.Equal(2, (await _client.SearchAsync("instances")).Count);
    }

    [Fact]
    public async Task An_executable_preamble_is_zeroed_and_nothing_else()
    {
        var file = _good.File;
        "MZ\u0090\0This program cannot be run in DOS mode."u8.CopyTo(file);
        Assert.Equal(HttpStatusCode.Accepted, (await _client.StoreAsync([file])).Status);
        Assert.Equal(_good.File, Assert.Single((await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts).Content);

        // What only lies further back is no magic of anything.
        var marked = (_good with { Instance = SyntheticSeries.NewUid() }).File;
        marked[17] = 1;
        Assert.Equal(HttpStatusCode.OK, (await _client.StoreAsync([marked])).Status);
        Assert.Contains((await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts, p => p.Content.AsSpan().SequenceEqual(marked));

        // A TIFF header makes a file readable for pathology viewers (PS3.10 §7.1) and stays.
        var tiff = (_good with { Instance = SyntheticSeries.NewUid() }).File;
        "II*\0\b\0\0\0"u8.CopyTo(tiff);
        Assert.Equal(HttpStatusCode.OK, (await _client.StoreAsync([tiff])).Status);
        Assert.Contains((await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts, p => p.Content.AsSpan().SequenceEqual(tiff));
    }
}
