using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MedCloudCare.Gateway.Dimse.UpperLayer;

/// <summary>Type and length of a PDU's body.</summary>
internal readonly record struct PduHeader(PduType Type, uint Length);

/// <summary>
/// Reads PDUs from a connection through one buffer of fixed size: what a peer declares allocates nothing, and a long fragment is
/// handed out in pieces as it arrives. Not thread-safe.
/// </summary>
/// <param name="stream">The connection.</param>
/// <param name="beforeRead">Called before each read of it.</param>
internal sealed class PduReader(Stream stream, Action? beforeRead = null) : IDisposable
{
    /// <summary>Largest piece handed out.</summary>
    public const int PieceBytes = 64 * 1024;

    private const int HeaderBytes = 6;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
    private int _start;
    private int _end;

    /// <summary>The header of the next PDU; null where the connection ends before it.</summary>
    /// <exception cref="PeerGoneException">It ends inside.</exception>
    public async ValueTask<PduHeader?> ReadHeaderAsync(CancellationToken cancellation)
    {
        if (_start == _end && !await FillAsync(cancellation)) return null;
        var header = await ReadExactAsync(HeaderBytes, cancellation);
        return new PduHeader((PduType)header.Span[0], BinaryPrimitives.ReadUInt32BigEndian(header.Span[2..]));
    }

    /// <summary>A body as a whole, gathered as it arrives.</summary>
    /// <exception cref="UpperLayerException">It is longer than <paramref name="most"/>.</exception>
    public async ValueTask<byte[]> ReadBodyAsync(uint length, int most, CancellationToken cancellation)
    {
        if (length > most) throw UpperLayerException.Invalid("a PDU is longer than the limit");
        var body = new ArrayBufferWriter<byte>(1024);
        while (body.WrittenCount < length) body.Write((await ReadSomeAsync((int)length - body.WrittenCount, cancellation)).Span);
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Exactly so many bytes, a few only; valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadExactAsync(int count, CancellationToken cancellation)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync(cancellation)) throw Gone();
        }

        var bytes = _buffer.AsMemory(_start, count);
        _start += count;
        return bytes;
    }

    /// <summary>1 to <paramref name="most"/> of the bytes that come next; valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadSomeAsync(int most, CancellationToken cancellation)
    {
        if (_start == _end && !await FillAsync(cancellation)) throw Gone();
        var bytes = _buffer.AsMemory(_start, Math.Min(most, _end - _start));
        _start += bytes.Length;
        return bytes;
    }

    /// <summary>Reads what the peer still sends, to the end of the connection or of the bound.</summary>
    public async ValueTask DrainAsync(long most, CancellationToken cancellation)
    {
        for (var left = most; left > 0;)
        {
            _start = _end = 0;
            if (!await FillAsync(cancellation)) return;
            left -= _end;
        }
    }

    public void Dispose()
    {
        if (_buffer.Length == 0) return;

        // It has held patient data.
        CryptographicOperations.ZeroMemory(_buffer);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start == _end) _start = _end = 0;
        if (_end == _buffer.Length)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        beforeRead?.Invoke();
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        return read > 0;
    }

    private static PeerGoneException Gone() => new("the connection ended inside a PDU");
}
