using System.Buffers;
using System.Buffers.Binary;
using CsCheck;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Rendering;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class RenderTests
{
    private const int Size = 64;
    private static readonly string Native = TransferSyntax.ExplicitVRLittleEndian.Uid;

    [Fact]
    public void A_sixteen_bit_ramp_is_windowed_as_the_standard_says()
    {
        // Columns hold -1024 … in steps of 32; slope 2 and intercept 10 make modality values of them.
        var image = Grey(16, signed: true) with { Slope = 2, Intercept = 10, Window = new Window(40, 400, WindowFunction.Linear) };
        var frame = Sixteen((x, _) => (short)((x - 32) * 32));
        var pixels = Decode(Render(image, Native, frame), 1);
        for (var x = 0; x < Size; x++)
        {
            var value = ((x - 32) * 32 * 2) + 10.0;
            var expected = 255 * Math.Clamp(((value - 39.5) / 399) + 0.5, 0, 1);
            Assert.InRange(pixels[(Size * 5) + x] - expected, -6, 6);
        }
    }

    [Fact]
    public void Monochrome1_is_inverted_and_a_window_of_the_request_wins()
    {
        var frame = Sixteen((x, _) => (short)(x * 10));
        var image = Grey(16, signed: false) with { Photometric = "MONOCHROME1", Window = new Window(0, 1, WindowFunction.Linear) };
        var pixels = Decode(Render(image, Native, frame, "?window=315,630,linear-exact&quality=100"), 1);
        Assert.InRange(pixels[0], 248, 255);
        Assert.InRange(pixels[63], 0, 7);
    }

    [Fact]
    public void Without_a_window_the_bulk_of_the_grey_levels_is_spread_over_the_whole_range()
    {
        // One hot pixel must not darken the rest.
        var frame = Sixteen((x, y) => (short)(x == 7 && y == 7 ? 30_000 : x < 32 ? 100 : 200));
        var pixels = Decode(Render(Grey(16, signed: false), Native, frame), 1);
        Assert.InRange(pixels[0], 0, 8);
        Assert.InRange(pixels[63], 247, 255);
    }

    [Fact]
    public void Big_endian_rle_and_native_frames_give_the_same_picture()
    {
        var image = Grey(16, signed: false);
        var little = Sixteen((x, y) => (short)((x * 37) + y));
        var big = Sixteen((x, y) => BinaryPrimitives.ReverseEndianness((short)((x * 37) + y)));
        var native = Render(image, Native, little);
        Assert.Equal(native, Render(image, "1.2.840.10008.1.2.2", big));
        Assert.Equal(native, Render(image, TransferSyntax.RleLossless.Uid, Rle(little)));
    }

    [Fact]
    public void Colour_keeps_its_hue_by_pixel_by_plane_and_as_ybr()
    {
        var rgb = Colour("RGB");
        var interleaved = new byte[Size * Size * 3];
        var planar = new byte[Size * Size * 3];
        for (var i = 0; i < Size * Size; i++)
        {
            (interleaved[3 * i], planar[i]) = (200, 200);
            (interleaved[(3 * i) + 1], planar[(Size * Size) + i]) = (40, 40);
            (interleaved[(3 * i) + 2], planar[(2 * Size * Size) + i]) = (90, 90);
        }

        foreach (var jpeg in new[] { Render(rgb, Native, interleaved), Render(rgb with { IsPlanar = true }, Native, planar) })
        {
            var ybr = Decode(jpeg, 3);
            Assert.InRange(ybr[0], 91, 96);   // 0.299·200 + 0.587·40 + 0.114·90 = 93.5
            Assert.InRange(ybr[1], 123, 129); // 126
            Assert.InRange(ybr[2], 201, 206); // 204
        }
    }

    [Fact]
    public void A_jpeg_frame_is_decoded()
    {
        var image = Grey(8, signed: false);
        var source = new Raster(Size, Size, 1, [.. Enumerable.Range(0, Size * Size).Select(i => (byte)(i % Size * 4))]);
        var output = new ArrayBufferWriter<byte>();
        JpegCodec.Encode(source, 95, output);
        var pixels = Decode(Render(image, "1.2.840.10008.1.2.4.50", output.WrittenSpan.ToArray()), 1);
        Assert.All(Enumerable.Range(0, Size * Size), i => Assert.InRange(pixels[i] - source.Pixels[i], -12, 12));
    }

    [Fact]
    public void One_bit_frames_are_shown_black_and_white()
    {
        var frame = new byte[Size * Size / 8];
        Array.Fill(frame, (byte)0xF0);
        var pixels = Decode(Render(Grey(1, signed: false) with { BitsStored = 1, HighBit = 0 }, Native, frame), 1);
        Assert.InRange(pixels[0], 0, 20);
        Assert.InRange(pixels[6], 235, 255);
    }

    [Theory]
    [InlineData("?viewport=32,32", 32, 32)]
    [InlineData("?viewport=32,200", 32, 32)]
    [InlineData("?viewport=128,128", 128, 128)]
    [InlineData("?viewport=100,100,0,0,32,16", 100, 50)]
    [InlineData("?viewport=10,10,,,64,", 10, 10)]
    public void The_viewport_is_filled_without_changing_the_proportions(string query, int width, int height)
    {
        var jpeg = Render(Grey(8, signed: false), Native, new byte[Size * Size], query);
        Assert.Equal(Enumerable.Repeat((ushort)0, width * height), JpegCodec.Decode(jpeg, width, height, 1));
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
    [InlineData("?viewport=10,10,64,0,1,1")]
    [InlineData("?viewport=1")]
    [InlineData("?window=1")]
    [InlineData("?window=1,0")]
    [InlineData("?window=1,2,cubic")]
    [InlineData("?window=NaN,1")]
    [InlineData("?quality=0")]
    [InlineData("?quality=101")]
    [InlineData("?sharpness=1")]
    public void Parameters_that_mean_nothing_are_refused(string query)
    {
        var error = Assert.Throws<RpcException>(() => Render(Grey(8, signed: false), Native, new byte[Size * Size], query));
        Assert.True(MeshErrors.Is(error, Reason.FieldInvalid));
    }

    [Fact]
    public void Damaged_frames_are_refused_and_nothing_else_escapes()
    {
        var output = new ArrayBufferWriter<byte>();
        JpegCodec.Encode(new Raster(Size, Size, 1, new byte[Size * Size]), 90, output);
        var jpeg = output.WrittenSpan.ToArray();
        var rle = Rle(Sixteen((x, y) => (short)(x * y)));
        Gen.Select(Gen.Bool, Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 10_000]).Sample((isJpeg, at, value, length) =>
        {
            var frame = (isJpeg ? jpeg : rle).ToArray();
            frame[at % frame.Length] = value;
            var cut = frame[..(length % (frame.Length + 1))];
            try
            {
                Render(isJpeg ? Grey(8, false) : Grey(16, false), isJpeg ? "1.2.840.10008.1.2.4.50" : TransferSyntax.RleLossless.Uid, cut);
            }
            catch (RpcException e)
            {
                Assert.True(MeshErrors.Is(e, Reason.NotAcceptable));
            }
        }, iter: 3000);
        Assert.Throws<RpcException>(() => Render(Grey(16, false), Native, new byte[10]));
    }

    [Fact]
    public void Other_codecs_and_other_kinds_of_pixels_are_not_acceptable()
    {
        Assert.Throws<RpcException>(() => Render(Grey(16, false), "1.2.840.10008.1.2.4.90", new byte[10]));
        Assert.Throws<RpcException>(() => PixelDescription.Of(new DicomDataset(), 1));
        Assert.Throws<RpcException>(() => PixelDescription.Of(Attributes().Set(DicomTags.BitsAllocated, 32.0), 1));
        Assert.Throws<RpcException>(() => PixelDescription.Of(Attributes().Set(DicomTags.Rows, 60_000.0).Set(DicomTags.Columns, 60_000.0), 1));
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

    private static PixelDescription Grey(int bits, bool signed) => new()
    {
        Rows = Size,
        Columns = Size,
        Samples = 1,
        Photometric = "MONOCHROME2",
        BitsAllocated = bits,
        BitsStored = bits,
        HighBit = bits - 1,
        IsSigned = signed,
        IsPlanar = false,
    };

    private static PixelDescription Colour(string photometric) => Grey(8, false) with { Samples = 3, Photometric = photometric };

    private static byte[] Sixteen(Func<int, int, short> value)
    {
        var frame = new byte[Size * Size * 2];
        for (var i = 0; i < Size * Size; i++) BinaryPrimitives.WriteInt16LittleEndian(frame.AsSpan(2 * i), value(i % Size, i / Size));
        return frame;
    }

    /// <summary>RLE of 16-bit little endian pixels: the high bytes, then the low bytes, as literal runs.</summary>
    private static byte[] Rle(byte[] frame)
    {
        var segments = new[] { 1, 0 }.Select(offset => Enumerable.Range(0, frame.Length / 2).Select(i => frame[(2 * i) + offset]).Chunk(128)
            .SelectMany(c => c.Distinct().Count() == 1 && c.Length > 1 ? [(byte)(257 - c.Length), c[0]] : c.Prepend((byte)(c.Length - 1))).ToArray()).ToList();
        var header = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 64);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), (uint)(64 + segments[0].Length));
        return [.. header, .. segments[0], .. segments[1]];
    }

    private static byte[] Render(PixelDescription image, string syntax, byte[] frame, string query = "")
    {
        var output = new ArrayBufferWriter<byte>();
        var parameters = RenderParameters.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), isThumbnail: false);
        RenderInstance.Render(image, syntax, frame, parameters, output);
        return output.WrittenSpan.ToArray();
    }

    private static ushort[] Decode(byte[] jpeg, int samples) => JpegCodec.Decode(jpeg, Size, Size, samples);
}
