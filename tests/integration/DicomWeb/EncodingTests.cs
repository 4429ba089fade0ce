using System.IO.Compression;
using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;
using ZstdSharp;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Content encodings by the client's weights (RFC 9110 §12.5.3).</summary>
[Collection(MeshCollection.Name)]
public sealed class EncodingTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private readonly SmallInstance _one = new();
    private byte[] _file = [];
    private DicomWebClient _client = null!;

    private string InstancePath => $"studies/{_one.Study}/series/{_one.Series}/instances/{_one.Instance}";

    public async Task InitializeAsync()
    {
        _file = DicomFile.ToArray(_one.Dataset.Set(DicomTags.Rows, 100d).Set(DicomTags.Columns, 100d).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[20_000]));
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync([_file]);
        _client = new DicomWebClient(user);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("zstd", "zstd")]
    [InlineData("gzip, deflate, br, zstd", "zstd")]
    [InlineData("gzip;q=1.0, zstd;q=0.5", "gzip")]
    [InlineData("zstd;q=0, gzip;q=0.1", "gzip")]
    [InlineData("*", "zstd")]
    [InlineData("*;q=0.5, zstd;q=0", "gzip")]
    [InlineData("identity", "")]
    [InlineData("identity, gzip;q=0.5", "")]
    [InlineData("br", "")]
    [InlineData("gzip;q=0", "")]
    [InlineData(null, "")]
    public async Task Metadata_and_matches_are_encoded_as_the_client_likes_best(string? accepted, string encoding)
    {
        var plain = await _client.GetAsync(InstancePath + "/metadata");
        foreach (var path in new[] { InstancePath + "/metadata", $"studies?StudyInstanceUID={_one.Study}" })
        {
            var identity = await _client.SendAsync(HttpMethod.Get, path, ("Accept-Encoding", "identity"));
            var answer = accepted is null ? await _client.SendAsync(HttpMethod.Get, path) : await _client.SendAsync(HttpMethod.Get, path, ("Accept-Encoding", accepted));
            Assert.Equal((HttpStatusCode.OK, encoding), (answer.Status, answer.Header("Content-Encoding")));
            Assert.True(accepted is null || answer.Header("Vary").Contains("Accept-Encoding", StringComparison.Ordinal), answer.Header("Vary"));
            Assert.Equal(identity.Body, Decode(answer));
            Assert.Equal(identity.Header("ETag"), answer.Header("ETag"));
        }

        Assert.NotEmpty(plain.Body);
    }

    [Theory]
    [InlineData("gzip, deflate, br, zstd", "")]
    [InlineData("gzip, identity;q=0.5", "gzip")]
    [InlineData("zstd, identity;q=0", "zstd")]
    [InlineData("zstd;q=0.3, gzip;q=0.4, *;q=0", "gzip")]
    public async Task Pixels_are_encoded_only_for_clients_that_prefer_it(string accepted, string encoding)
    {
        foreach (var (path, accept) in new[] { (InstancePath + "/frames/1", "application/octet-stream"), (InstancePath, "application/dicom"), (InstancePath, DicomWebClient.MultipartDicom) })
        {
            var answer = await _client.SendAsync(HttpMethod.Get, path, ("Accept", accept), ("Accept-Encoding", accepted));
            Assert.Equal((HttpStatusCode.OK, encoding), (answer.Status, answer.Header("Content-Encoding")));
            if (encoding.Length > 0)
            {
                Assert.False(answer.Header("ETag") is ['"', ..], "the tag of encoded bytes is strong");
            }

            var decoded = answer with { Body = Decode(answer) };
            Assert.Equal(path == InstancePath ? _file : new byte[20_000], accept.StartsWith("multipart", StringComparison.Ordinal) ? Assert.Single(decoded.Parts).Content : decoded.Body);
        }
    }

    [Theory]
    [InlineData("identity;q=0")]
    [InlineData("br, *;q=0")]
    [InlineData("gzip;q=0, zstd;q=0, identity;q=0")]
    public async Task Encodings_that_cannot_be_made_are_not_acceptable(string accepted)
    {
        var answer = await _client.SendAsync(HttpMethod.Get, InstancePath + "/metadata", ("Accept-Encoding", accepted));
        Assert.Equal((HttpStatusCode.NotAcceptable, "NOT_ACCEPTABLE"), (answer.Status, answer.Reason));
    }

    private static byte[] Decode(DicomWebAnswer answer)
    {
        using var encoded = new MemoryStream(answer.Body);
        using Stream decoding = answer.Header("Content-Encoding") switch
        {
            "gzip" => new GZipStream(encoded, CompressionMode.Decompress),
            "zstd" => new DecompressionStream(encoded),
            _ => new MemoryStream(answer.Body),
        };
        using var plain = new MemoryStream();
        decoding.CopyTo(plain);
        return plain.ToArray();
    }
}
