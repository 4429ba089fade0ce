using System.Buffers.Binary;
using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>Stored frames into samples. What is not native, RLE or JPEG of process 1, 2, 4 or 14 is not decoded here.</summary>
internal static class FrameDecoder
{
    private static readonly string[] Jpeg =
        ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"];

    /// <returns>Raw stored cells, interleaved by pixel (high bits and sign as they are).</returns>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE: the transfer syntax.</exception>
    /// <exception cref="InvalidDataException">The frame contradicts the metadata.</exception>
    public static ushort[] Decode(PixelDescription image, string transferSyntax, byte[] frame)
    {
        var pixels = image.Rows * image.Columns;
        if (Jpeg.Contains(transferSyntax, StringComparer.Ordinal)) return JpegCodec.Decode(frame, image.Columns, image.Rows, image.Samples);
        if (transferSyntax == TransferSyntax.RleLossless.Uid)
        {
            var bytes = image.BitsAllocated == 16 ? 2 : 1;
            if (image.BitsAllocated == 1) throw PixelDescription.NotRendered("RLE of one bit");
            return FromPlanes(RleDecoder.Decode(frame, image.Samples * bytes, pixels), image.Samples, bytes, pixels);
        }

        return TransferSyntax.Find(transferSyntax) is { IsEncapsulated: false } native
            ? FromNative(image, native.IsBigEndian, frame)
            : throw PixelDescription.NotRendered("its transfer syntax is " + transferSyntax);
    }

    private static ushort[] FromNative(PixelDescription image, bool isBigEndian, ReadOnlySpan<byte> frame)
    {
        var pixels = image.Rows * image.Columns;
        var cells = image.IsHalfChroma ? pixels * 2 : pixels * image.Samples;
        if (frame.Length < (((long)cells * image.BitsAllocated) + 7) / 8) throw new InvalidDataException("The frame is shorter than its rows and columns.");
        if (image.IsHalfChroma) return FromHalfChroma(frame, image.Columns, pixels);
        var samples = new ushort[cells];
        for (var i = 0; i < samples.Length; i++)
        {
            var cell = image.BitsAllocated switch
            {
                1 => (ushort)((frame[i >> 3] >> (i & 7)) & 1),
                8 => frame[i],
                _ when isBigEndian => BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * i)..]),
                _ => BinaryPrimitives.ReadUInt16LittleEndian(frame[(2 * i)..]),
            };
            samples[image.IsPlanar && image.Samples > 1 ? ((i % pixels) * image.Samples) + (i / pixels) : i] = cell;
        }

        return samples;
    }

    /// <summary>Y1 Y2 Cb Cr for two pixels (PS3.3 §C.7.6.3.1.2).</summary>
    private static ushort[] FromHalfChroma(ReadOnlySpan<byte> frame, int columns, int pixels)
    {
        if (columns % 2 != 0) throw new InvalidDataException("YBR_FULL_422 needs an even number of columns.");
        var samples = new ushort[pixels * 3];
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            var pair = frame.Slice((pixel / 2) * 4, 4);
            samples[pixel * 3] = pair[pixel % 2];
            samples[(pixel * 3) + 1] = pair[2];
            samples[(pixel * 3) + 2] = pair[3];
        }

        return samples;
    }

    private static ushort[] FromPlanes(ReadOnlySpan<byte> planes, int samples, int bytes, int pixels)
    {
        var output = new ushort[pixels * samples];
        for (var i = 0; i < output.Length; i++)
        {
            var (pixel, plane) = (i / samples, (i % samples) * bytes);
            output[i] = bytes == 2
                ? (ushort)((planes[(plane * pixels) + pixel] << 8) | planes[((plane + 1) * pixels) + pixel])
                : planes[(plane * pixels) + pixel];
        }

        return output;
    }
}
