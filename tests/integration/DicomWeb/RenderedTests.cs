using System.Buffers.Binary;
using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Rendered resources and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4) on every level, and what has no picture.</summary>
[Collection(MeshCollection.Name)]
public sealed class RenderedTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private const int Frames = 5;
    private const int Size = 40;
    private readonly SmallInstance _image = new();
    private readonly SmallInstance _other = new() { Modality = "SR" };
    private DicomWebClient _client = null!;

    private SmallInstance Report => _other with { Study = _image.Study, PatientId = _image.PatientId };

    private string StudyPath => $"studies/{_image.Study}";

    private string ImagePath => $"{StudyPath}/series/{_image.Series}/instances/{_image.Instance}";

    private string ReportPath => $"{StudyPath}/series/{Report.Series}/instances/{Report.Instance}";

    public async Task InitializeAsync()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync([DicomFile.ToArray(Image(_image)), DicomFile.ToArray(WithoutPixels(Report.Dataset))]);
        _client = new DicomWebClient(user);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task Every_level_gives_its_pictures_as_parts()
    {
        foreach (var (path, count) in ((string, int)[])[(StudyPath, Frames), ($"{StudyPath}/series/{_image.Series}", Frames), (ImagePath, Frames), ($"{ImagePath}/frames/2,4", 2)])
        {
            foreach (var type in (string[])["image/png", "image/jpeg"])
            {
                var answer = await _client.GetAsync(path + "/rendered", $"multipart/related; type=\"{type}\"");
                Assert.True(answer.Status == HttpStatusCode.OK, path + answer);
                Assert.Equal(count, answer.Parts.Count);
                Assert.All(answer.Parts, p => Assert.Equal((type, (Size, Size)), (p.ContentType, SizeOf(p.Content))));
            }
        }
    }

    [Fact]
    public async Task One_picture_goes_alone_and_the_query_parameter_comes_before_the_header()
    {
        foreach (var (path, accept, expected) in ((string, string?, string)[])
        [
            ($"{ImagePath}/frames/3/rendered", "image/png", "image/png"), ($"{ImagePath}/rendered", null, "image/jpeg"),
            ($"{ImagePath}/rendered", "image/jpeg;q=0.3, image/png;q=0.8", "image/png"), ($"{ImagePath}/rendered?accept=image/png", "image/jpeg", "image/png"),
            ($"{ImagePath}/rendered", "image/*;q=0.2, text/html", "image/jpeg"),
        ])
        {
            var answer = await _client.GetAsync(path, accept);
            Assert.Equal((HttpStatusCode.OK, expected), (answer.Status, answer.ContentType));
            Assert.Equal("inline", answer.Header("Content-Disposition"));
            Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        }
    }

    [Fact]
    public async Task Thumbnails_stand_for_every_level()
    {
        foreach (var path in (string[])[StudyPath, $"{StudyPath}/series/{_image.Series}", ImagePath, $"{ImagePath}/frames/2"])
        {
            var answer = await _client.GetAsync(path + "/thumbnail?viewport=16,16", "image/png");
            Assert.True(answer.Status == HttpStatusCode.OK, path + answer);
            Assert.Equal((16, 16), SizeOf(answer.Body));
        }
    }

    [Theory]
    [InlineData("image/gif")]
    [InlineData("application/dicom")]
    [InlineData("image/jpeg;q=0")]
    public async Task What_is_not_made_is_not_acceptable(string accept)
    {
        var answer = await _client.GetAsync($"{ImagePath}/rendered", accept);
        Assert.Equal((HttpStatusCode.NotAcceptable, "NOT_ACCEPTABLE"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task What_has_no_pixels_has_no_picture_and_frames_beyond_the_last_do_not_exist()
    {
        foreach (var path in (string[])[ReportPath + "/rendered", ReportPath + "/thumbnail", $"{StudyPath}/series/{Report.Series}/rendered"])
        {
            var answer = await _client.GetAsync(path);
            Assert.Equal((HttpStatusCode.NotAcceptable, "NOT_ACCEPTABLE"), (answer.Status, answer.Reason));
        }

        Assert.Equal("NOT_FOUND", (await _client.GetAsync($"{ImagePath}/frames/6/rendered")).Reason);
        Assert.Equal("NOT_FOUND", (await _client.GetAsync($"{ImagePath}/frames/1,6/rendered")).Reason);
        Assert.Equal("NOT_FOUND", (await _client.GetAsync($"studies/{SyntheticSeries.NewUid()}/rendered")).Reason);
        Assert.Equal("FIELD_INVALID", (await _client.GetAsync($"{ImagePath}/rendered?window=1")).Reason);
    }

    [Fact]
    public async Task An_annotation_is_left_out_and_the_answer_says_so()
    {
        var answer = await _client.GetAsync($"{ImagePath}/rendered?annotation=patient,technique");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.StartsWith("299 ", answer.Header("Warning"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_palette_that_the_metadata_only_refer_to_is_fetched()
    {
        var instance = new SmallInstance { Study = _image.Study };
        double[] descriptor = [4096, 0, 16];
        var table = new byte[8192];
        for (var i = 0; i < 4096; i++) BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(2 * i), (ushort)(i * 16));
        var dataset = Image(instance).Set(DicomTags.PhotometricInterpretation, "PALETTE COLOR")
            .Set(DicomTags.RedPaletteColorLookupTableDescriptor, DicomVR.US, descriptor).SetBytes(DicomTags.RedPaletteColorLookupTableData, DicomVR.OW, table)
            .Set(DicomTags.GreenPaletteColorLookupTableDescriptor, DicomVR.US, descriptor).SetBytes(DicomTags.GreenPaletteColorLookupTableData, DicomVR.OW, new byte[8192])
            .Set(DicomTags.BluePaletteColorLookupTableDescriptor, DicomVR.US, descriptor).SetBytes(DicomTags.BluePaletteColorLookupTableData, DicomVR.OW, table);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync([DicomFile.ToArray(dataset)]);
        using var client = new DicomWebClient(user);
        var answer = await client.GetAsync($"{StudyPath}/series/{instance.Series}/instances/{instance.Instance}/rendered", "image/png");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());

        // Colour type 2: RGB.
        Assert.Equal(2, answer.Body[25]);
    }

    private static DicomDataset WithoutPixels(DicomDataset dataset)
    {
        foreach (var tag in (DicomTag[])[DicomTags.Rows, DicomTags.Columns, DicomTags.BitsAllocated]) dataset.Remove(tag);
        return dataset;
    }

    internal static DicomDataset Image(SmallInstance instance)
    {
        var pixels = new byte[Size * Size * 2 * Frames];
        for (var i = 0; i < pixels.Length / 2; i++) BinaryPrimitives.WriteUInt16LittleEndian(pixels.AsSpan(2 * i), (ushort)(i % 4096));
        return instance.Dataset
            .Set(DicomTags.SamplesPerPixel, 1d).Set(DicomTags.PhotometricInterpretation, "MONOCHROME2").Set(DicomTags.NumberOfFrames, (double)Frames)
            .Set(DicomTags.Rows, (double)Size).Set(DicomTags.Columns, (double)Size)
            .Set(DicomTags.BitsAllocated, 16d).Set(DicomTags.BitsStored, 12d).Set(DicomTags.HighBit, 11d).Set(DicomTags.PixelRepresentation, 0d)
            .SetBytes(DicomTags.PixelData, DicomVR.OW, pixels);
    }

    private static (int Width, int Height) SizeOf(byte[] picture)
    {
        if (picture[0] == 0x89) return (BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(20)));
        for (var at = 2; ; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(picture.AsSpan(at + 2)))
        {
            if (picture[at + 1] == 0xC0) return (BinaryPrimitives.ReadUInt16BigEndian(picture.AsSpan(at + 7)), BinaryPrimitives.ReadUInt16BigEndian(picture.AsSpan(at + 5)));
        }
    }
}
