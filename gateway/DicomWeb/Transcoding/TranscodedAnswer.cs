using System.Buffers;
using Grpc.Core;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Study.V1;
using Header = MedCloudCare.Study.V1.RetrieveInstancesResponse.Types.Header;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>
/// An answer of whole instances of which at least the first is sent in another transfer syntax than its stored one. Of several,
/// one that is stored in an accepted syntax goes out as it is, and so does one that none of them can be made of, so labelled.
/// </summary>
internal sealed class TranscodedAnswer(HttpContext http, Acceptable accepted, Representation first, PixelCodec codec)
{
    private readonly PartWriter _parts = new(http.Response, first);

    /// <param name="call">At its first message.</param>
    /// <exception cref="RpcException">NOT_ACCEPTABLE and others of the first instance, before anything is sent; of a later one the answer breaks off.</exception>
    public async Task SendAsync(AsyncServerStreamingCall<Chunk<RetrieveInstancesResponse>> call)
    {
        InstanceTranscoder? transcoder = null;
        try
        {
            do
            {
                using var chunk = call.ResponseStream.Current;
                if (chunk.Message?.Header is { } header)
                {
                    if (transcoder is not null) await EndAsync(transcoder);
                    transcoder = Begin(header);
                }
                else if (transcoder is not null)
                {
                    await transcoder.WriteAsync(chunk.Data, http.RequestAborted);
                }
                else
                {
                    _parts.Output.Write(chunk.Data.Span);
                    await _parts.Output.FlushIfFullAsync(http.RequestAborted);
                }
            }
            while (await call.ResponseStream.MoveNext(http.RequestAborted));
            if (transcoder is not null) await EndAsync(transcoder);
            await _parts.EndAsync(http.RequestAborted);
        }
        finally
        {
            if (transcoder is not null) await transcoder.DisposeAsync();
        }
    }

    /// <returns>Null: the instance is sent as stored, and its part has begun.</returns>
    private InstanceTranscoder? Begin(Header header)
    {
        var url = $"{http.Request.DicomWebUrl()}/studies/{header.StudyInstanceUid}/series/{header.SeriesInstanceUid}/instances/{header.SopInstanceUid}";
        var offers = DicomMediaTypes.Instances(header.TransferSyntaxUid, single: !first.IsMultipart).Where(o => o.IsMultipart == first.IsMultipart);
        if (accepted.Find([.. offers])?.Target is not { } target)
        {
            _parts.Begin($"{DicomMediaTypes.Dicom}; transfer-syntax={header.TransferSyntaxUid}", header.Size, url);
            return null;
        }

        return new InstanceTranscoder(codec, target, header.TransferSyntaxUid, new PartStream(_parts.Output), () =>
            _parts.Begin($"{DicomMediaTypes.Dicom}; transfer-syntax={target.Syntax.Uid}", null, url));
    }

    private async Task EndAsync(InstanceTranscoder transcoder)
    {
        await transcoder.CompleteAsync(http.RequestAborted);
        await transcoder.DisposeAsync();
    }
}
