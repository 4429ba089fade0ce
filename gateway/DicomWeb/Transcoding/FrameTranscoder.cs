using System.Buffers;
using System.Globalization;
using MedCloudCare.Codecs;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Rendering;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>
/// Frames in another coding than the stored one. Their samples are those that the instance has in that transfer syntax: JPEG's
/// luminance and chrominance and JPEG 2000's colour transform come out as RGB.
/// </summary>
internal sealed class FrameTranscoder(MetadataReader metadata, FrameReader frames, PixelCodec codec)
{
    private const int Quality = 90;

    public async Task SendAsync(HttpContext http, RetrieveFramesRequest request, Representation representation)
    {
        var target = representation.Target!;
        var dataset = await metadata.ReadOneAsync(http, request.StudyInstanceUid, request.SeriesInstanceUid, request.SopInstanceUid);
        var (format, isOneBit) = (FrameFormats.Of(dataset), FrameFormats.IsOneBit(dataset));
        var parts = new PartWriter(http.Response, representation);
        var url = $"{http.Request.DicomWebUrl()}/studies/{request.StudyInstanceUid}/series/{request.SeriesInstanceUid}/instances/{request.SopInstanceUid}/frames/";
        await foreach (var (number, syntax, stored) in frames.ReadAsync(http, request))
        {
            if (format is not { IsConsistent: true } || !target.Suits(format, isOneBit))
            {
                throw TranscodeTarget.NotPossible(syntax, $"{target.Syntax.Name} cannot hold such pixels", format, isOneBit);
            }

            var isBigEndian = TransferSyntax.Find(syntax)?.IsBigEndian is true;
            if (isBigEndian) FrameFormats.SwapBytes(stored, isOneBit ? 1 : format.BitsAllocated, dataset.Find(DicomTags.PixelData)?.VR ?? DicomVR.OW);
            var frame = isBigEndian && target.Coding == PixelCoding.Native ? stored : await RecodeAsync(format, syntax, target, stored, http.RequestAborted);
            parts.Begin(representation.ContentType, frame.Length, url + number.ToString(CultureInfo.InvariantCulture));
            if (parts.IsHeadOnly) return;
            parts.Output.Write(frame);
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }

        await parts.EndAsync(http.RequestAborted);
    }

    private async Task<byte[]> RecodeAsync(FrameFormat format, string syntax, TranscodeTarget target, byte[] stored, CancellationToken cancellation)
    {
        var request = new CodecRequest
        {
            Format = format, From = PixelCodings.Find(syntax)!.Value, To = target.Coding, Quality = Quality, HalvesChroma = format.Samples == 3,
        };
        return (await codec.RecodeAsync(request, stored, cancellation)).Bytes;
    }
}
