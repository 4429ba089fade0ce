using System.Buffers.Binary;
using CsCheck;
using Grpc.Core;
using MedCloudCare.Codecs;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Rendering;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace MedCloudCare.Codec.Tests;

[Collection(CodecCollection.Name)]
public sealed class RenderTests(CodecFixture fixture)
{
    private const int Size = 64;
    private static readonly string Native = TransferSyntax.ExplicitVRLittleEndian.Uid;

    /// <summary>The first frame of every image of pydicom's, in whatever transfer syntax, against the pipeline written in numpy.</summary>
    [SkippableFact]
    public async Task Pictures_in_png_are_those_of_the_display_pipeline_in_numpy()
    {
        string[] notDecoded = ["MR_truncated.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"];
        var images = StoredImage.Files.Select(StoredImage.TryRead).OfType<StoredImage>().Where(i => !notDecoded.Contains(Path.GetFileName(i.Path))).ToList();
        Skip.If(images.Count == 0, "Debian's python3-pydicom is not installed.");
        using var folder = new TemporaryFolder();
        var lines = Reference.Run([Path.Combine(AppContext.BaseDirectory, "pixels.py"), "display", folder.Path, .. images.Select(i => i.Path)]);
        var failures = new List<string>();
        foreach (var image in images.Where(i => File.Exists(Expected(i))))
        {
            var expected = File.ReadAllBytes(Expected(image));
            var description = PixelDescription.Of(image.Info.Dataset, 1);

            // The frames have been put into little endian already.
            var syntax = image.Syntax == TransferSyntax.ExplicitVRBigEndian.Uid ? Native : image.Syntax;
            var png = await new FrameRenderer(fixture.Codec).RenderAsync(description, syntax, image.Frames[0], Parse(""), DicomMediaTypes.Png, CancellationToken.None);
            var actual = Png.Decode(png.Span, folder.Path);
            var differences = expected.Length == actual.Length ? expected.Zip(actual, (a, b) => Math.Abs(a - b)).ToList() : [255];
            var isLossy = PixelCodings.Find(image.Syntax) == PixelCoding.JpegDct;

            // A grey level may round the other way; JPEG's decoders differ a little and JPEG's chroma a lot at edges.
            if (differences.Max() > (isLossy ? 90 : 1) || differences.Average() > (isLossy ? 3 : 0.01)) failures.Add($"{Path.GetFileName(image.Path)}: {differences.Max()}, {differences.Average():F3}");
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures) + lines);
        string Expected(StoredImage image) => Path.Combine(folder.Path, Path.GetFileName(image.Path) + ".raw");
    }

    [SkippableFact]
    public async Task A_sixteen_bit_ramp_is_windowed_as_the_standard_says_in_every_function()
    {
        // Columns hold -1024 … in steps of 32; slope 2 and intercept 10 make modality values of them.
        var frame = Sixteen((x, _) => (short)((x - 32) * 32));
        foreach (var (name, function) in new (string, Func<double, double>)[]
        {
            ("linear", v => ((v - 39.5) / 399) + 0.5), ("linear-exact", v => ((v - 40) / 400) + 0.5), ("sigmoid", v => 1 / (1 + Math.Exp(-4 * (v - 40) / 400))),
        })
        {
            var image = Grey(16, signed: true) with { Slope = 2, Intercept = 10 };
            var pixels = await PixelsAsync(image, Native, frame, $"?window=40,400,{name}");
            for (var x = 0; x < Size; x++)
            {
                var expected = 255 * Math.Clamp(function(((x - 32) * 64.0) + 10), 0, 1);
                Assert.InRange(pixels[(Size * 5) + x] - expected, -0.5001, 0.5001);
            }
        }
    }

    [SkippableFact]
    public async Task Look_up_tables_take_the_place_of_rescale_and_window()
    {
        var modality = new LookupTable(10, 16, [.. Enumerable.Range(0, 20).Select(i => (ushort)(i * 100))]);
        var voi = new LookupTable(0, 8, [.. Enumerable.Range(0, 2000).Select(i => (ushort)(i / 8))]);
        var image = Grey(16, signed: false) with { ModalityTable = modality, VoiTable = voi, Slope = 7, Window = new Window(1, 2, WindowFunction.Linear) };
        var pixels = await PixelsAsync(image, Native, Sixteen((x, _) => (short)x));
        for (var x = 0; x < Size; x++) Assert.Equal(Math.Clamp(x - 10, 0, 19) * 100 / 8, pixels[x]);
    }

    [SkippableFact]
    public async Task A_palette_gives_its_colours()
    {
        LookupTable Ramp(int step) => new(2, 16, [.. Enumerable.Range(0, 30).Select(i => (ushort)(i * step * 256))]);
        var grey = Grey(8, signed: false);
        var image = grey with { Format = grey.Format with { Photometric = Photometric.PaletteColor }, Palette = [Ramp(1), Ramp(2), Ramp(3)] };
        var pixels = await PixelsAsync(image, Native, [.. Enumerable.Range(0, Size * Size).Select(i => (byte)(i % Size))]);
        for (var x = 0; x < Size; x++)
        {
            var entry = Math.Clamp(x - 2, 0, 29);
            Assert.Equal(((byte)entry, (byte)(2 * entry), (byte)(3 * entry)), (pixels[3 * x], pixels[(3 * x) + 1], pixels[(3 * x) + 2]));
        }
    }

    [SkippableFact]
    public async Task Colour_keeps_its_hue_by_pixel_by_plane_and_as_ybr()
    {
        var grey = Grey(8, signed: false);
        var rgb = grey with { Format = grey.Format with { Samples = 3, Photometric = Photometric.Rgb } };
        byte[] pixel = [200, 40, 90], ybr = [94, 126, 204];
        var count = Size * Size;
        byte[] Repeat(byte[] colour) => [.. Enumerable.Range(0, count * 3).Select(i => colour[i % 3])];
        byte[] planar = [.. Enumerable.Range(0, count * 3).Select(i => pixel[i / count])];
        byte[] half = [.. Enumerable.Range(0, count * 2).Select(i => i % 4 < 2 ? ybr[0] : ybr[(i % 4) - 1])];
        (FrameFormat, byte[])[] all =
        [
            (rgb.Format, Repeat(pixel)), (rgb.Format with { IsPlanar = true }, planar), (rgb.Format with { Photometric = Photometric.YbrFull }, Repeat(ybr)),
            (rgb.Format with { Photometric = Photometric.YbrFull422 }, half),
        ];
        foreach (var (format, frame) in all)
        {
            var pixels = await PixelsAsync(rgb with { Format = format }, Native, frame);
            for (var c = 0; c < 3; c++) Assert.InRange(pixels[(3 * 77) + c] - pixel[c], -1, 1);
        }
    }

    [SkippableFact]
    public async Task One_bit_frames_are_shown_black_and_white_and_monochrome1_inverted()
    {
        var frame = new byte[Size * Size / 8];
        Array.Fill(frame, (byte)0xF0);
        var grey = Grey(8, signed: false);
        var image = grey with { IsOneBit = true, Format = grey.Format with { BitsStored = 1, HighBit = 0 } };
        var pixels = await PixelsAsync(image, Native, frame);
        Assert.Equal((0, 255), (pixels[0], pixels[6]));
        pixels = await PixelsAsync(image with { Format = image.Format with { Photometric = Photometric.Monochrome1 } }, Native, frame);
        Assert.Equal((255, 0), (pixels[0], pixels[6]));
    }

    [SkippableTheory]
    [InlineData("?viewport=32,32", 32, 32)]
    [InlineData("?viewport=32,200", 32, 32)]
    [InlineData("?viewport=128,128", 128, 128)]
    [InlineData("?viewport=100,100,0,0,32,16", 100, 50)]
    [InlineData("?viewport=10,10,,,64,", 10, 10)]
    public async Task The_viewport_is_filled_without_changing_the_proportions(string query, int width, int height)
    {
        var png = await RenderAsync(Grey(8, signed: false), Native, new byte[Size * Size], query, DicomMediaTypes.Png);
        Assert.Equal((width, height), (BinaryPrimitives.ReadInt32BigEndian(png.Span[16..]), BinaryPrimitives.ReadInt32BigEndian(png.Span[20..])));
    }

    [SkippableFact]
    public async Task A_part_of_negative_width_or_height_is_mirrored()
    {
        byte[] frame = [.. Enumerable.Range(0, Size * Size).Select(i => (byte)((i % Size) + (2 * (i / Size))))];
        var image = Grey(8, signed: false);
        var straight = await PixelsAsync(image, Native, frame, "?viewport=16,8,3,5,16,8");
        var mirrored = await PixelsAsync(image, Native, frame, "?viewport=16,8,3,5,-16,8");
        var turned = await PixelsAsync(image, Native, frame, "?viewport=16,8,3,5,-16,-8");
        Assert.Equal(frame[(5 * Size) + 3], straight[0]);
        Assert.Equal(straight[..16].Reverse(), mirrored[..16]);
        Assert.Equal(straight.Reverse(), turned);
    }

    [Fact]
    public void A_flat_picture_stays_flat_at_every_size() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 90], Gen.Int[1, 90], Gen.Byte).Sample((w, h, toW, toH, grey) =>
        {
            var pixels = new byte[w * h];
            Array.Fill(pixels, grey);
            Assert.All(new Raster(w, h, 1, pixels).Resize(toW, toH).Pixels, p => Assert.InRange(p - grey, -1, 1));
        }, iter: 300);

    [Theory]
    [InlineData("?viewport=0,1")]
    [InlineData("?viewport=5000,5000")]
    [InlineData("?viewport=1")]
    [InlineData("?viewport=10,10,-1,0,5,5")]
    [InlineData("?window=1")]
    [InlineData("?window=1,0")]
    [InlineData("?window=1,2,cubic")]
    [InlineData("?window=NaN,1")]
    [InlineData("?quality=0")]
    [InlineData("?quality=101")]
    [InlineData("?annotation=everything")]
    [InlineData("?iccprofile=srgb")]
    [InlineData("?sharpness=1")]
    public void Parameters_that_mean_nothing_are_refused(string query) =>
        Assert.True(MeshErrors.Is(Assert.Throws<RpcException>(() => Parse(query)), Reason.FieldInvalid));

    [SkippableFact]
    public async Task A_part_outside_the_image_is_refused()
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => PixelsAsync(Grey(8, false), Native, new byte[Size * Size], "?viewport=10,10,64,0,1,1"));
        Assert.True(MeshErrors.Is(error, Reason.FieldInvalid));
    }

    [SkippableFact]
    public async Task Quality_trades_size_for_likeness()
    {
        var image = Grey(8, signed: false);
        byte[] frame = [.. Enumerable.Range(0, Size * Size).Select(i => (byte)((i * 7) ^ (i / Size)))];
        var (poor, good) = (await RenderAsync(image, Native, frame, "?quality=10", DicomMediaTypes.Jpeg), await RenderAsync(image, Native, frame, "?quality=100", DicomMediaTypes.Jpeg));
        Assert.True(poor.Length * 2 < good.Length);
    }

    [SkippableFact]
    public async Task Other_codecs_other_kinds_of_pixels_and_short_frames_are_not_acceptable()
    {
        await Assert.ThrowsAsync<RpcException>(() => PixelsAsync(Grey(16, false), "1.2.840.10008.1.2.4.102", new byte[10]));
        await Assert.ThrowsAsync<RpcException>(() => PixelsAsync(Grey(16, false), Native, new byte[10]));
        Assert.Throws<RpcException>(() => PixelDescription.Of(new DicomDataset(), 1));
        Assert.Throws<RpcException>(() => PixelDescription.Of(Attributes().Set(DicomTags.BitsAllocated, 64.0), 1));
        var huge = PixelDescription.Of(Attributes().Set(DicomTags.Rows, 60_000.0).Set(DicomTags.Columns, 60_000.0), 1);
        Assert.True(MeshErrors.Is(await Assert.ThrowsAsync<RpcException>(() => PixelsAsync(huge, Native, new byte[10])), Reason.LimitExceeded));
    }

    [Fact]
    public void Window_and_rescale_of_a_frame_come_from_its_functional_groups()
    {
        static DicomDataset Group(double center, double slope) => new DicomDataset()
            .SetItems(DicomTags.FrameVOILUTSequence, new DicomDataset().Set(DicomTags.WindowCenter, center).Set(DicomTags.WindowWidth, 10.0))
            .SetItems(DicomTags.PixelValueTransformationSequence, new DicomDataset().Set(DicomTags.RescaleSlope, slope).Set(DicomTags.RescaleIntercept, 0.0));
        var dataset = Attributes()
            .SetItems(DicomTags.SharedFunctionalGroupsSequence, Group(1, 2))
            .SetItems(DicomTags.PerFrameFunctionalGroupsSequence, new DicomDataset(), Group(3, 4));
        Assert.Equal((1, 2), (PixelDescription.Of(dataset, 1).Window!.Value.Center, PixelDescription.Of(dataset, 1).Slope));
        Assert.Equal((3, 4), (PixelDescription.Of(dataset, 2).Window!.Value.Center, PixelDescription.Of(dataset, 2).Slope));
    }

    private static DicomDataset Attributes() => new DicomDataset()
        .Set(DicomTags.Rows, 64.0).Set(DicomTags.Columns, 64.0).Set(DicomTags.SamplesPerPixel, 1.0).Set(DicomTags.PhotometricInterpretation, "MONOCHROME2")
        .Set(DicomTags.BitsAllocated, 16.0).Set(DicomTags.BitsStored, 12.0).Set(DicomTags.HighBit, 11.0).Set(DicomTags.PixelRepresentation, 0.0);

    private static PixelDescription Grey(int bits, bool signed) => new() { Format = EncodingTests.Format(Size, Size, bits, bits, signed, 1, "MONOCHROME2") };

    private static byte[] Sixteen(Func<int, int, short> value)
    {
        var frame = new byte[Size * Size * 2];
        for (var i = 0; i < Size * Size; i++) BinaryPrimitives.WriteInt16LittleEndian(frame.AsSpan(2 * i), value(i % Size, i / Size));
        return frame;
    }

    private static RenderParameters Parse(string query) => RenderParameters.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), isThumbnail: false);

    private Task<ReadOnlyMemory<byte>> RenderAsync(PixelDescription image, string syntax, byte[] frame, string query, string type) =>
        new FrameRenderer(fixture.Codec).RenderAsync(image, syntax, frame, Parse(query), type, CancellationToken.None);

    private async Task<byte[]> PixelsAsync(PixelDescription image, string syntax, byte[] frame, string query = "")
    {
        using var folder = new TemporaryFolder();
        return Png.Decode((await RenderAsync(image, syntax, frame, query, DicomMediaTypes.Png)).Span, folder.Path);
    }
}
