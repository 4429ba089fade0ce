using System.Buffers.Binary;

namespace MedCloudCare.Codecs;

/// <summary>
/// The messages between the gateway and a codec process, over its standard input and output: a header of fixed size, then as
/// many bytes as it says. Little endian.
/// <code>
/// ready     u32 magic, once, by the process when it has started
/// request   u32 magic, u8 from, u8 to, u8 quality, u8 flags (1 signed, 2 planar, 4 half chroma), u16 rows, u16 columns,
///           u8 samples, u8 bits allocated, u8 bits stored, u8 high bit, u8 photometric, 3 × 0, u32 length
/// response  u32 magic, u8 status, u8 photometric, u16 0, u32 length
/// </code>
/// </summary>
public static class CodecWire
{
    private const uint Magic = 0x3143434D;
    private const int RequestHeader = 24;
    private const int ResponseHeader = 12;

    /// <exception cref="InvalidDataException">What came is something else.</exception>
    /// <exception cref="EndOfStreamException">The process has ended.</exception>
    public static async Task ReadReadyAsync(Stream stream, CancellationToken cancellation)
    {
        var magic = new byte[sizeof(uint)];
        await stream.ReadExactlyAsync(magic, cancellation).ConfigureAwait(false);
        if (BinaryPrimitives.ReadUInt32LittleEndian(magic) != Magic) throw new InvalidDataException("Not a codec.");
    }

    /// <exception cref="IOException">The process has ended.</exception>
    public static async Task WriteAsync(Stream stream, CodecRequest request, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        var (header, format) = (new byte[RequestHeader], request.Format);
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = (byte)request.From;
        header[5] = (byte)request.To;
        header[6] = (byte)request.Quality;
        header[7] = (byte)((format.IsSigned ? 1 : 0) | (format.IsPlanar ? 2 : 0) | (request.HalvesChroma ? 4 : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)format.Rows);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(10), (ushort)format.Columns);
        header[12] = (byte)format.Samples;
        header[13] = (byte)format.BitsAllocated;
        header[14] = (byte)format.BitsStored;
        header[15] = (byte)format.HighBit;
        header[16] = (byte)format.Photometric;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), frame.Length);
        await stream.WriteAsync(header, cancellation).ConfigureAwait(false);
        await stream.WriteAsync(frame, cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <param name="maxLength">Of the frame that is taken.</param>
    /// <exception cref="InvalidDataException">What came is no response, or a longer one: the process is not to be trusted any more.</exception>
    /// <exception cref="EndOfStreamException">The process has ended.</exception>
    public static async Task<CodecResponse> ReadResponseAsync(Stream stream, long maxLength, CancellationToken cancellation)
    {
        var header = new byte[ResponseHeader];
        await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8));
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic || header[4] > (byte)CodecStatus.TooLarge || length > maxLength)
        {
            throw new InvalidDataException("Not a codec's response.");
        }

        var bytes = length == 0 ? [] : GC.AllocateUninitializedArray<byte>((int)length);
        await stream.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
        return new CodecResponse((CodecStatus)header[4], (Photometric)header[5], bytes);
    }

    internal static void WriteReady(Stream stream)
    {
        stream.Write(BitConverter.GetBytes(Magic));
        stream.Flush();
    }

    /// <returns>Null where the input ends before a request.</returns>
    /// <exception cref="InvalidDataException">Not a request.</exception>
    internal static (CodecRequest Request, byte[] Frame)? ReadRequest(Stream stream)
    {
        var header = new byte[RequestHeader];
        if (stream.ReadAtLeast(header, RequestHeader, throwOnEndOfStream: false) < RequestHeader) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic) throw new InvalidDataException("Not a codec's request.");
        var frame = GC.AllocateUninitializedArray<byte>(BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(20)));
        stream.ReadExactly(frame);
        var format = new FrameFormat
        {
            Rows = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(8)),
            Columns = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(10)),
            Samples = header[12],
            BitsAllocated = header[13],
            BitsStored = header[14],
            HighBit = header[15],
            IsSigned = (header[7] & 1) != 0,
            IsPlanar = (header[7] & 2) != 0,
            Photometric = (Photometric)header[16],
        };
        var request = new CodecRequest
        {
            Format = format, From = (PixelCoding)header[4], To = (PixelCoding)header[5], Quality = header[6], HalvesChroma = (header[7] & 4) != 0,
        };
        return (request, frame);
    }

    internal static void Write(Stream stream, CodecResponse response)
    {
        var header = new byte[ResponseHeader];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = (byte)response.Status;
        header[5] = (byte)response.Photometric;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), response.Bytes.Length);
        stream.Write(header);
        stream.Write(response.Bytes);
        stream.Flush();
    }
}
