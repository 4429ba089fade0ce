using MedCloudCare.Codecs.Decoding;
using MedCloudCare.Codecs.Encoding;

namespace MedCloudCare.Codecs;

/// <summary>Decodes a frame, and encodes it again where another coding than native is asked for.</summary>
internal static class Recoder
{
    public static CodecResponse Recode(CodecRequest request, byte[] frame)
    {
        try
        {
            if (!request.Format.IsConsistent) throw new InvalidDataException("The format is contradictory.");
            var decoded = FrameDecoder.Decode(request.Format, request.From, frame);
            if (request.To == PixelCoding.Native) return new CodecResponse(CodecStatus.Done, decoded.Photometric, decoded.Pixels);
            var (bytes, photometric) = FrameEncoder.Encode(request, decoded);
            return new CodecResponse(CodecStatus.Done, photometric, bytes);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or EntryPointNotFoundException)
        {
            return Failed(CodecStatus.Unsupported);
        }
        catch (OutOfMemoryException)
        {
            return Failed(CodecStatus.TooLarge);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or ArgumentException or IndexOutOfRangeException
            or OverflowException or NullReferenceException or DivideByZeroException)
        {
            // JpegLibrary throws any of these for malformed frames.
            return Failed(CodecStatus.Damaged);
        }
    }

    private static CodecResponse Failed(CodecStatus status) => new(status, Photometric.Other, []);
}
