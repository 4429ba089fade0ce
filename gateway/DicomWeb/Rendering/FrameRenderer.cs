using MedCloudCare.Codecs;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.Pixels;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>Makes a picture of one stored frame: decodes, transforms for display, scales, encodes.</summary>
internal sealed class FrameRenderer(PixelCodec codec)
{
    /// <param name="frame">As stored.</param>
    /// <param name="mediaType">image/jpeg or image/png.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE, LIMIT_EXCEEDED, RATE_LIMITED, SERVICE_UNAVAILABLE.</exception>
    public async Task<ReadOnlyMemory<byte>> RenderAsync(
        PixelDescription image, string transferSyntax, byte[] frame, RenderParameters parameters, string mediaType, CancellationToken cancellation)
    {
        var (cells, photometric) = await DecodeAsync(image, transferSyntax, frame, cancellation);
        var raster = DisplayPipeline.Render(image, photometric, cells.Span, parameters.Window);
        raster = parameters.Viewport?.Apply(raster) ?? raster;
        if (mediaType == DicomMediaTypes.Png) return PngEncoder.Encode(raster);

        var format = new FrameFormat
        {
            Rows = raster.Height, Columns = raster.Width, Samples = raster.Components, BitsAllocated = 8, BitsStored = 8, HighBit = 7,
            Photometric = raster.Components == 1 ? Photometric.Monochrome2 : Photometric.Rgb,
        };
        var request = new CodecRequest { Format = format, From = PixelCoding.Native, To = PixelCoding.JpegDct, Quality = parameters.Quality };
        return (await codec.RecodeAsync(request, raster.Pixels, cancellation)).Bytes;
    }

    /// <summary>Cells by pixel, little endian, and what they are.</summary>
    private async Task<(ReadOnlyMemory<byte> Cells, Photometric Photometric)> DecodeAsync(
        PixelDescription image, string transferSyntax, byte[] frame, CancellationToken cancellation)
    {
        var format = image.Format;
        codec.Require(format, frame.Length);
        var coding = PixelCodings.Find(transferSyntax) ?? throw PixelDescription.NotRendered("its transfer syntax is " + transferSyntax);
        if (image.IsOneBit) return coding == PixelCoding.Native ? (FrameFormats.UnpackBits(frame, format), format.Photometric) : throw PixelDescription.NotRendered("its bits are compressed");
        if (coding == PixelCoding.Native)
        {
            if (frame.Length < format.NativeBytes) throw PixelCodec.Refused("a frame is shorter than its rows and columns");
            if (transferSyntax == TransferSyntax.ExplicitVRBigEndian.Uid) FrameFormats.SwapBytes(frame, format.BitsAllocated, image.VR);

            // Nothing to parse: most frames are in the order that they are shown in.
            var isPlain = format.Samples == 1 || (!format.IsPlanar && format.Photometric != Photometric.YbrFull422);
            if (isPlain) return (frame.AsMemory(0, (int)format.NativeBytes), format.Photometric);
        }

        var response = await codec.RecodeAsync(new CodecRequest { Format = format, From = coding, To = PixelCoding.Native }, frame, cancellation);
        return (response.Bytes, response.Photometric);
    }
}
