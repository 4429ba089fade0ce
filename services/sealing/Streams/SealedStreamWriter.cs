using System.Buffers;
using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// Seals a stream of unknown length: plaintext is pushed in pieces of any size, sealed segments come out. The format is
/// Tink's AES256-GCM-HKDF streaming AEAD with segments of 64 KiB. Whoever gives a <see cref="System.IO.Pipelines.PipeWriter"/>
/// flushes it between pushes. At most one segment of plaintext is held, in a pooled buffer that is zeroed. Not thread-safe.
/// </summary>
public sealed class SealedStreamWriter : IDisposable
{
    private readonly SealedLayout _layout;
    private readonly IBufferWriter<byte> _output;
    private readonly byte[] _header = new byte[SealedLayout.HeaderLength];
    private readonly AesGcm _cipher;
    private byte[]? _pending;
    private int _pendingLength;
    private long _segment;

    /// <summary>Starts a stream: the header is written at once.</summary>
    /// <param name="key">The data key. Not needed any more when the constructor has returned.</param>
    /// <param name="associatedData">The identity of what is sealed, <see cref="AssociatedData.Of"/>: needed to open it.</param>
    /// <param name="output">Takes the sealed bytes.</param>
    public SealedStreamWriter(DataKey key, ReadOnlySpan<byte> associatedData, IBufferWriter<byte> output)
        : this(key, associatedData, output, SealedLayout.Default)
    {
    }

    internal SealedStreamWriter(DataKey key, ReadOnlySpan<byte> associatedData, IBufferWriter<byte> output, SealedLayout layout)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(output);
        _layout = layout;
        _output = output;
        _header[0] = SealedLayout.HeaderLength;
        RandomNumberGenerator.Fill(_header.AsSpan(1));
        byte[] derived = SegmentNonce.DeriveKey(key, _header, associatedData);
        _cipher = new AesGcm(derived, KeySizes.TagLength);
        CryptographicOperations.ZeroMemory(derived);
        _output.Write(_header);
        SealedLength = _header.Length;
    }

    /// <summary>The header (40 bytes). Kept beside the stream it lets a range be opened with one read.</summary>
    public ReadOnlyMemory<byte> Header => _header;

    /// <summary>Bytes of plaintext pushed so far.</summary>
    public long PlaintextLength { get; private set; }

    /// <summary>Bytes written to the output so far; the length of the sealed stream once it is completed.</summary>
    public long SealedLength { get; private set; }

    /// <summary>True once <see cref="Complete"/> has been called.</summary>
    public bool IsCompleted { get; private set; }

    private int SegmentCapacity => _segment == 0 ? _layout.FirstCapacity : _layout.Capacity;

    /// <summary>Pushes plaintext.</summary>
    public void Write(ReadOnlySpan<byte> plaintext)
    {
        ObjectDisposedException.ThrowIf(IsCompleted, this);
        PlaintextLength += plaintext.Length;

        // A full segment is sealed only when more follows: which one is the last is known at the end.
        while (!plaintext.IsEmpty)
        {
            int room = SegmentCapacity - _pendingLength;
            if (_pendingLength == 0 && plaintext.Length > room)
            {
                Seal(plaintext[..room], SegmentNonce.Middle);
                plaintext = plaintext[room..];
                continue;
            }

            if (room == 0)
            {
                Seal(_pending.AsSpan(0, _pendingLength), SegmentNonce.Middle);
                _pendingLength = 0;
                continue;
            }

            int taken = Math.Min(room, plaintext.Length);
            _pending ??= ArrayPool<byte>.Shared.Rent(_layout.Capacity);
            plaintext[..taken].CopyTo(_pending.AsSpan(_pendingLength));
            _pendingLength += taken;
            plaintext = plaintext[taken..];
        }
    }

    /// <summary>Pushes plaintext.</summary>
    public void Write(in ReadOnlySequence<byte> plaintext)
    {
        foreach (ReadOnlyMemory<byte> piece in plaintext)
        {
            Write(piece.Span);
        }
    }

    /// <summary>Seals the last segment. Without it the stream is truncated and will not open to its end.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(IsCompleted, this);
        Seal(_pending.AsSpan(0, _pendingLength), SegmentNonce.Last);
        IsCompleted = true;
        Dispose();
    }

    /// <summary>Releases key and buffer; does not complete the stream.</summary>
    public void Dispose()
    {
        IsCompleted = true;
        _cipher.Dispose();
        if (Interlocked.Exchange(ref _pending, null) is { } pending)
        {
            CryptographicOperations.ZeroMemory(pending.AsSpan(0, _layout.Capacity));
            ArrayPool<byte>.Shared.Return(pending);
        }
    }

    private void Seal(ReadOnlySpan<byte> plaintext, byte position)
    {
        Span<byte> nonce = stackalloc byte[KeySizes.NonceLength];
        SegmentNonce.Write(nonce, _header.AsSpan(1 + SealedLayout.SaltLength), _segment, position);
        int length = plaintext.Length + KeySizes.TagLength;
        Span<byte> segment = _output.GetSpan(length)[..length];
        _cipher.Encrypt(nonce, plaintext, segment[..plaintext.Length], segment[plaintext.Length..]);
        _output.Advance(length);
        SealedLength += length;
        _segment++;
    }
}
