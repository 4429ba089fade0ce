using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>WADO-RS frames: lists, bit-packed frames, what does not exist, what cannot be sent.</summary>
[Collection(MeshCollection.Name)]
public sealed class FrameTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private const int Rows = 5;
    private const int Columns = 7;
    private const int Frames = 3;

    private readonly SmallInstance _instance = new() { Modality = "SEG" };
    private readonly byte[] _packed = new byte[((Rows * Columns * Frames) + 7) / 8];
    private DicomWebClient _client = null!;

    private string InstancePath => $"studies/{_instance.Study}/series/{_instance.Series}/instances/{_instance.Instance}";

    public async Task InitializeAsync()
    {
        new Random(7).NextBytes(_packed);
        _packed[^1] &= 0xFF >> (8 - (Rows * Columns * Frames % 8));
        var dataset = _instance.Dataset
            .Set(DicomTags.SamplesPerPixel, 1d).Set(DicomTags.PhotometricInterpretation, "MONOCHROME2").Set(DicomTags.NumberOfFrames, (double)Frames)
            .Set(DicomTags.Rows, (double)Rows).Set(DicomTags.Columns, (double)Columns)
            .Set(DicomTags.BitsAllocated, 1d).Set(DicomTags.BitsStored, 1d).Set(DicomTags.HighBit, 0d).Set(DicomTags.PixelRepresentation, 0d)
            .SetBytes(DicomTags.PixelData, DicomVR.OB, _packed);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync([DicomFile.ToArray(dataset)]);
        _client = new DicomWebClient(user);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("1,2,3")]
    [InlineData("3,1")]
    [InlineData("2,2")]
    [InlineData("1%2C3")]
    public async Task Frames_of_one_bit_that_end_within_a_byte_are_sent_one_by_one_in_the_order_asked_for(string list)
    {
        var answer = await _client.GetAsync($"{InstancePath}/frames/{list}", DicomWebClient.MultipartFrames);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        var numbers = Uri.UnescapeDataString(list).Split(',');
        Assert.Equal(numbers.Select(n => Frame(n[0] - '1')), answer.Parts.Select(p => p.Content));
        Assert.Equal(numbers.Select(n => $"/{InstancePath}/frames/{n}"), answer.Parts.Select(p => p.Location[p.Location.IndexOf("/studies/", StringComparison.Ordinal)..]));
        Assert.All(answer.Parts, p => Assert.Equal("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", p.ContentType));
    }

    [Theory]
    [InlineData("4", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("1,2,3,4", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("2147483647", HttpStatusCode.NotFound, "NOT_FOUND")]
    [InlineData("0", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("-1", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("1,,2", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("one", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    [InlineData("99999999999", HttpStatusCode.BadRequest, "FIELD_INVALID")]
    public async Task Frames_that_do_not_exist_are_not_found_and_lists_that_are_none_are_refused(string list, HttpStatusCode status, string reason)
    {
        var answer = await _client.GetAsync($"{InstancePath}/frames/{list}", DicomWebClient.MultipartFrames);
        Assert.Equal((status, reason), (answer.Status, answer.Reason));
        Assert.StartsWith("application/json", answer.ContentType, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_beyond_the_limit_is_refused()
    {
        var answer = await _client.GetAsync($"{InstancePath}/frames/{string.Join(',', Enumerable.Repeat("1", 1001))}", DicomWebClient.MultipartFrames);
        Assert.Equal("LIMIT_EXCEEDED", answer.Reason);
    }

    [Theory]
    [InlineData("image/jpeg")]
    [InlineData("multipart/related; type=\"image/jp2\"")]
    [InlineData("multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.4.90")]
    public async Task A_representation_that_cannot_be_made_of_what_is_stored_is_not_acceptable(string accept)
    {
        var answer = await _client.GetAsync($"{InstancePath}/frames/1", accept);
        Assert.Equal((HttpStatusCode.NotAcceptable, "NOT_ACCEPTABLE"), (answer.Status, answer.Reason));
    }

    /// <summary>A frame's bits, moved to a byte boundary (PS3.5 §8.1.1: the first pixel is the lowest bit).</summary>
    private byte[] Frame(int index)
    {
        const int Size = Rows * Columns;
        var frame = new byte[(Size + 7) / 8];
        for (var i = 0; i < Size; i++)
        {
            var bit = (index * Size) + i;
            frame[i / 8] |= (byte)((_packed[bit / 8] >> (bit % 8) & 1) << (i % 8));
        }

        return frame;
    }
}
