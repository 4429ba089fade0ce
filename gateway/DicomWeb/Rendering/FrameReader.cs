using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>Stored frames as arrays, one in memory at a time.</summary>
internal sealed class FrameReader(StudyService.StudyServiceClient studies, PixelCodec codec)
{
    /// <summary>Frames in the order asked for, each with its transfer syntax.</summary>
    /// <exception cref="RpcException">NOT_FOUND; NOT_ACCEPTABLE: no pixel data; LIMIT_EXCEEDED: too large.</exception>
    public async IAsyncEnumerable<(int Number, string TransferSyntax, byte[] Bytes)> ReadAsync(HttpContext http, RetrieveFramesRequest request)
    {
        using var call = studies.RetrieveFrames(request, http.ForCaller());
        RetrieveFramesResponse first;
        try
        {
            first = await call.FirstAsync(http.RequestAborted);
        }
        catch (RpcException e) when (MeshErrors.Is(e, Reason.StateConflict))
        {
            throw PixelDescription.NotRendered("it has no pixel data");
        }

        var (header, syntax, bytes, length) = (first.Header, first.Header.TransferSyntaxUid, NewFrame(first.Header), 0);
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            var message = call.ResponseStream.Current;
            if (message.Header is not null)
            {
                yield return (header.Frame, syntax, bytes);
                (header, bytes, length) = (message.Header, NewFrame(message.Header), 0);
                if (header.TransferSyntaxUid.Length > 0) syntax = header.TransferSyntaxUid;
                continue;
            }

            message.Data.CopyTo(bytes, length);
            length += message.Data.Length;
        }

        yield return (header.Frame, syntax, bytes);
    }

    private byte[] NewFrame(RetrieveFramesResponse.Types.Header header) =>
        header.Size <= codec.MaxEncodedBytes ? new byte[header.Size] : throw MeshErrors.Limit("bytes of a stored frame", codec.MaxEncodedBytes);
}
