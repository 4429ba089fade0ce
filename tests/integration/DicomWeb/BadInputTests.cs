using System.Net;
using System.Text;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>
/// Requests that are broken, excessive or slow: a typed error or an end of the connection, others served meanwhile, nothing
/// half stored, and neither handles nor memory left behind.
/// </summary>
[Collection(MeshCollection.Name)]
public sealed class BadInputTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private const int Slow = 50;
    private const string ContentType = $"{DicomWebClient.MultipartDicom}; boundary={MultipartBody.Boundary}";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SmallInstance _good = new();
    private TestUser _user = null!;
    private DicomWebClient _client = null!;

    public async Task InitializeAsync() => _client = new DicomWebClient(_user = await mesh.NewUserAsync(Role.HealthProfessional));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task Ten_thousand_parts_are_answered_one_by_one_and_one_more_is_too_many()
    {
        var parts = Enumerable.Repeat("x"u8.ToArray(), 9_999).Prepend(_good.File).ToList();
        var answer = await _client.StoreAsync(parts);
        Assert.Equal((HttpStatusCode.Accepted, 1, 9_999), (answer.Status, answer.Items("00081199").Count, answer.Items("0008119A").Count));
        Assert.All(answer.Items("0008119A"), i => Assert.Equal("DICOM_NOT_RECOGNISED", i.First("00000902")));

        var tooMany = await _client.StoreAsync(parts.Append("x"u8.ToArray()));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "LIMIT_EXCEEDED"), (tooMany.Status, tooMany.Reason));
        Assert.Equal(_good.Instance, Assert.Single(await _client.SearchAsync("instances")).First("00080018"));
    }

    [Theory]
    [InlineData("--{0}\r\nContent-Type: application/dicom\r\n\r\nnever ends")]
    [InlineData("--{0}\r\nContent-Type: application/dicom\r\n\r\nlast\r\n--{0}")]
    [InlineData("--{0}\r\nContent-Type: application/dicom\r\n")]
    [InlineData("--{0}\r\nno header at all\r\n\r\nbody\r\n--{0}--")]
    [InlineData("--another\r\n\r\nbody\r\n--another--")]
    [InlineData("--{0}--")]
    [InlineData("")]
    public async Task Parts_and_boundaries_that_do_not_end_are_refused(string body)
    {
        var answer = await _client.PostAsync(Encoding.ASCII.GetBytes(body.Replace("{0}", MultipartBody.Boundary, StringComparison.Ordinal)), ContentType);
        Assert.Equal((HttpStatusCode.BadRequest, "FIELD_INVALID"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_flood_of_headers_within_a_part_is_refused()
    {
        foreach (var headers in new[] { string.Concat(Enumerable.Range(0, 40).Select(i => $"X-{i}: 1\r\n")), $"X: {new string('x', 20_000)}\r\n" })
        {
            var answer = await _client.PostAsync(Encoding.ASCII.GetBytes($"--{MultipartBody.Boundary}\r\n{headers}\r\nbody\r\n--{MultipartBody.Boundary}--"), ContentType);
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "LIMIT_EXCEEDED"), (answer.Status, answer.Reason));
        }
    }

    [Fact]
    public async Task A_part_that_is_not_as_long_as_it_says_fails_by_itself()
    {
        var body = MultipartBody.Of([("application/dicom\r\nContent-Length: 10", _good.File), ("application/dicom\r\nContent-Length: 99999", _good.File), ("application/dicom", _good.File)]);
        var answer = await _client.PostAsync(body, ContentType);
        Assert.Equal((HttpStatusCode.Accepted, 1), (answer.Status, answer.Items("00081199").Count));
    }

    [Fact]
    public async Task A_body_that_is_shorter_or_longer_than_it_says_is_refused_and_nothing_of_it_kept()
    {
        var body = MultipartBody.Of([_good.File]);
        using (var shorter = await RawConnection.OpenAsync(mesh))
        {
            await shorter.TryWriteAsync(PostHead(body.Length + 1000));
            await shorter.TryWriteAsync(body.AsMemory(0, body.Length - 100));
            shorter.EndWriting();
            Assert.Contains(RawConnection.StatusOf(await shorter.ReadToEndAsync(Patience)), new[] { 0, 400 });
        }

        using (var longer = await RawConnection.OpenAsync(mesh))
        {
            await longer.TryWriteAsync(PostHead(body.Length - 100));
            await longer.TryWriteAsync(body);
            var answer = await longer.ReadToEndAsync(Patience);
            Assert.Equal(400, RawConnection.StatusOf(answer));
            Assert.Contains("FIELD_INVALID", answer, StringComparison.Ordinal);
        }

        Assert.Empty(await _client.SearchAsync("instances"));
    }

    [Fact]
    public async Task Headers_beyond_the_limits_are_refused_and_the_next_request_is_served()
    {
        var million = new string('a', 1_000_000);
        foreach (var headers in new string[][] { [$"Accept: {million}"], [.. Enumerable.Range(0, 1000).Select(i => $"X-{i}: 1")], [$"X: {million}"] })
        {
            using var connection = await RawConnection.OpenAsync(mesh);
            await connection.TryWriteAsync(RawConnection.Head(mesh, "GET", "/dicomweb/studies", _user, headers));
            Assert.Equal(431, RawConnection.StatusOf(await connection.ReadToEndAsync(Patience)));
        }

        using (var connection = await RawConnection.OpenAsync(mesh))
        {
            await connection.TryWriteAsync(RawConnection.Head(mesh, "GET", "/dicomweb/studies?PatientName=" + million, _user));
            Assert.Equal(414, RawConnection.StatusOf(await connection.ReadToEndAsync(Patience)));
        }

        // Over HTTP/2 the stream or the connection ends.
        await Record.ExceptionAsync(() => _client.SendAsync(HttpMethod.Get, "studies", ("Accept", million)));
        Assert.Empty(await _client.SearchAsync("studies"));

        var many = await _client.GetAsync("studies", string.Join(',', Enumerable.Repeat("a/b", 3000)));
        Assert.Equal((HttpStatusCode.BadRequest, "FIELD_INVALID"), (many.Status, many.Reason));
    }

    [Fact]
    public async Task An_upload_that_is_abandoned_midway_leaves_whole_instances_or_nothing()
    {
        var (gateway, study) = (ProcessState.Of(mesh, "gateway"), ProcessState.Of(mesh, "study"));
        var instances = Enumerable.Range(1, 3).Select(i => _good with { Instance = SyntheticSeries.NewUid(), InstanceNumber = $"{i}", Comment = new string('c', 100_000) }).ToList();
        var body = MultipartBody.Of(instances.Select(i => i.File));
        for (var round = 0; round < 20; round++)
        {
            using var connection = await RawConnection.OpenAsync(mesh);
            await connection.TryWriteAsync(PostHead(body.Length));
            await connection.TryWriteAsync(body.AsMemory(0, body.Length * (round + 1) / 22));
        }

        await gateway.AssertBackAsync(mesh, 30, 200 << 20);
        await study.AssertBackAsync(mesh, 30, 200 << 20);
        var stored = await _client.SearchAsync("instances");
        foreach (var found in stored)
        {
            var instance = instances.Single(i => i.Instance == found.First("00080018"));
            Assert.Equal(instance.File, (await _client.GetAsync($"studies/{_good.Study}/series/{_good.Series}/instances/{instance.Instance}", "application/dicom")).Body);
        }

        Assert.DoesNotContain(stored, s => s.First("00080018") == instances[2].Instance);
        Assert.Equal(HttpStatusCode.OK, (await _client.StoreAsync(instances.Select(i => i.File))).Status);
        Assert.Equal(instances.Select(i => i.File), (await _client.GetAsync($"studies/{_good.Study}", DicomWebClient.MultipartDicom)).Parts.Select(p => p.Content));
    }

    [Fact]
    public async Task Fifty_slow_senders_are_cut_off_while_others_are_served()
    {
        await _user.UploadAsync([_good.File]);
        var (gateway, study) = (ProcessState.Of(mesh, "gateway"), ProcessState.Of(mesh, "study"));
        var slow = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Slow; i++)
            {
                var connection = await RawConnection.OpenAsync(mesh);
                slow.Add(connection);

                // One half never ends its headers, the other its body.
                await connection.TryWriteAsync(i % 2 == 0
                    ? $"GET /dicomweb/studies HTTP/1.1\r\nHost: {mesh.Http.Authority}\r\nX-Slow: "
                    : PostHead(1_000_000) + $"--{MultipartBody.Boundary}\r\nContent-Type: application/dicom\r\n\r\n");
            }

            var cut = Task.WhenAll(slow.Select(DripAsync));
            do
            {
                Assert.Equal(_good.File, (await _client.GetAsync($"studies/{_good.Study}", "application/dicom")).Body);
            }
            while (!cut.IsCompleted);
            Assert.All(await cut, Assert.True);
        }
        finally
        {
            slow.ForEach(s => s.Dispose());
        }

        await gateway.AssertBackAsync(mesh, 30, 200 << 20);
        await study.AssertBackAsync(mesh, 30, 200 << 20);
    }

    [Fact]
    public async Task Fifty_slow_readers_hold_little_are_cut_off_and_others_are_served()
    {
        var large = DicomFile.ToArray(_good.Dataset.Set(DicomTags.Rows, 5000d).Set(DicomTags.Columns, 5000d).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[50_000_000]));
        await _user.UploadAsync([large]);
        var other = new SmallInstance();
        await _user.UploadAsync([other.File]);
        Assert.Equal(large.Length, (await _client.GetAsync($"studies/{_good.Study}", "application/dicom")).Body.Length);
        var (gateway, study) = (ProcessState.Of(mesh, "gateway"), ProcessState.Of(mesh, "study"));
        var slow = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Slow; i++)
            {
                var connection = await RawConnection.OpenAsync(mesh, receiveBuffer: 4096);
                slow.Add(connection);
                await connection.TryWriteAsync(RawConnection.Head(mesh, "GET", $"/dicomweb/studies/{_good.Study}", _user, "Accept: application/dicom"));
            }

            for (var i = 0; i < 50; i++)
            {
                Assert.Equal(other.File, (await _client.GetAsync($"studies/{other.Study}", "application/dicom")).Body);
            }

            // 50 answers of 50 MB stand still: what of them is in memory is bounded by buffers, not by sizes.
            Assert.InRange(ProcessState.Of(mesh, "gateway").ResidentBytes, 0, gateway.ResidentBytes + (300 << 20));
            Assert.InRange(ProcessState.Of(mesh, "study").ResidentBytes, 0, study.ResidentBytes + (300 << 20));
            await gateway.AssertBackAsync(mesh, 30, 300 << 20);
        }
        finally
        {
            slow.ForEach(s => s.Dispose());
        }

        await study.AssertBackAsync(mesh, 30, 300 << 20);
        Assert.Equal(large.Length, (await _client.GetAsync($"studies/{_good.Study}", "application/dicom")).Body.Length);
    }

    /// <summary>A byte now and then, until the other side has had enough.</summary>
    private static async Task<bool> DripAsync(RawConnection connection)
    {
        var closed = connection.IsClosedWithinAsync(Patience);
        while (await Task.WhenAny(closed, Task.Delay(500)) != closed && await connection.TryWriteAsync("x"))
        {
        }

        return await closed;
    }

    private string PostHead(long length) => RawConnection.Head(mesh, "POST", "/dicomweb/studies", _user, "Content-Type: " + ContentType, $"Content-Length: {length}", "Accept: application/dicom+json");
}
