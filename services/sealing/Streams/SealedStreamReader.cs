using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// Opens ranges of the plaintext of one sealed stream. A segment is released only after its tag has verified; a range
/// that touches the end verifies that the stream ends there. Making a reader derives the stream's key (some
/// microseconds); kept, it serves any number of ranges, from several threads at once.
/// </summary>
public sealed partial class SealedStreamReader : IDisposable
{
    // Read in one go: enough to make a system call cheap, little enough to stay in the second-level cache.
    private const int SegmentsPerRead = 4;

    private readonly SealedLayout _layout;
    private readonly CipherSlot _ciphers;
    private readonly byte[] _noncePrefix;

    /// <summary>Makes a reader from the stream's header, kept elsewhere: a range is then one read.</summary>
    /// <param name="key">The data key. Not needed any more when the constructor has returned.</param>
    /// <param name="associatedData">What the stream was sealed with.</param>
    /// <param name="header">The first 40 bytes of the stream.</param>
    /// <param name="sealedLength">Length of the stream in bytes.</param>
    /// <exception cref="SealedDataException">The header is malformed, or no sealed stream has this length.</exception>
    public SealedStreamReader(DataKey key, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> header, long sealedLength)
        : this(key, associatedData, header, sealedLength, SealedLayout.Default)
    {
    }

    internal SealedStreamReader(DataKey key, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> header, long sealedLength, SealedLayout layout)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (header.Length != SealedLayout.HeaderLength || header[0] != SealedLayout.HeaderLength)
        {
            throw new SealedDataException(SealedDataReason.Malformed, "The header of a sealed stream is malformed.");
        }

        _layout = layout;
        Length = layout.PlaintextLength(sealedLength);
        _noncePrefix = header[(1 + SealedLayout.SaltLength)..].ToArray();
        _ciphers = new CipherSlot(SegmentNonce.DeriveKey(key, header, associatedData));
    }

    /// <summary>Length of the plaintext in bytes, as the sealed length says; verified by a range that touches the end.</summary>
    public long Length { get; }

    /// <summary>Makes a reader, reading the header from the source.</summary>
    /// <inheritdoc cref="SealedStreamReader(DataKey, ReadOnlySpan{byte}, ReadOnlySpan{byte}, long)"/>
    public static ValueTask<SealedStreamReader> OpenAsync(
        DataKey key, ReadOnlyMemory<byte> associatedData, ISealedSource source, long sealedLength, CancellationToken cancellationToken = default) =>
        OpenAsync(key, associatedData, source, sealedLength, SealedLayout.Default, cancellationToken);

    internal static async ValueTask<SealedStreamReader> OpenAsync(
        DataKey key, ReadOnlyMemory<byte> associatedData, ISealedSource source, long sealedLength, SealedLayout layout, CancellationToken cancellationToken)
    {
        byte[] header = new byte[SealedLayout.HeaderLength];
        await FillAsync(source, 0, header, cancellationToken).ConfigureAwait(false);
        return new SealedStreamReader(key, associatedData.Span, header, sealedLength, layout);
    }

    /// <summary>The bytes of the sealed stream that a range of plaintext needs.</summary>
    public ByteRange RangeOf(long offset, long length) => _layout.RangeOf(offset, length, Length);

    /// <summary>
    /// Opens a range, segment by segment. A piece is valid until the next one is asked for: its buffer is reused, and
    /// zeroed at the end.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the plaintext.</exception>
    /// <exception cref="SealedDataException">The stream is truncated or tampered with. Pieces given before are authentic.</exception>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(ISealedSource source, long offset, long length, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        SealedLayout.CheckRange(offset, length, Length);
        return OpenSegmentsAsync(source, offset, length, cancellationToken);
    }

    public void Dispose() => _ciphers.Dispose();

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> OpenSegmentsAsync(
        ISealedSource source, long offset, long length, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ByteRange place = _layout.RangeOf(offset, length, Length);
        if (place.Length == 0)
        {
            yield break;
        }

        (long segment, _) = _layout.SegmentRange(offset, length, Length);
        byte[] plaintext = ArrayPool<byte>.Shared.Rent(_layout.Capacity);
        byte[] ciphertext = ArrayPool<byte>.Shared.Rent((int)Math.Min(place.Length, SegmentsPerRead * _layout.SegmentLength));
        AesGcm cipher = _ciphers.Rent();
        try
        {
            for (long at = place.Offset; at < place.End;)
            {
                long batchEnd = Math.Min((segment + SegmentsPerRead) * _layout.SegmentLength, place.End);
                Memory<byte> batch = ciphertext.AsMemory(0, (int)(batchEnd - at));
                await FillAsync(source, at, batch, cancellationToken).ConfigureAwait(false);
                at = batchEnd;
                while (!batch.IsEmpty)
                {
                    int sealedLength = Math.Min(batch.Length, segment == 0 ? _layout.SegmentLength - SealedLayout.HeaderLength : _layout.SegmentLength);
                    int opened = OpenSegment(cipher, segment, batch.Span[..sealedLength], plaintext);
                    batch = batch[sealedLength..];
                    ReadOnlyMemory<byte> piece = Clip(plaintext.AsMemory(0, opened), _layout.PlaintextStart(segment), offset, length);
                    segment++;
                    if (!piece.IsEmpty)
                    {
                        yield return piece;
                    }
                }
            }
        }
        finally
        {
            _ciphers.Return(cipher);
            CryptographicOperations.ZeroMemory(plaintext.AsSpan(0, _layout.Capacity));
            ArrayPool<byte>.Shared.Return(plaintext);
            ArrayPool<byte>.Shared.Return(ciphertext);
        }
    }

    /// <summary>The part of a segment's plaintext that lies in the range asked for.</summary>
    private static ReadOnlyMemory<byte> Clip(ReadOnlyMemory<byte> plaintext, long start, long offset, long length)
    {
        int skip = (int)Math.Clamp(offset - start, 0, plaintext.Length);
        int end = (int)Math.Clamp(offset + length - start, skip, plaintext.Length);
        return plaintext[skip..end];
    }

    private int OpenSegment(AesGcm cipher, long segment, ReadOnlySpan<byte> sealedSegment, Span<byte> destination)
    {
        int length = sealedSegment.Length - KeySizes.TagLength;
        byte position = segment == _layout.SegmentsOf(Length) - 1 ? SegmentNonce.Last : SegmentNonce.Middle;
        if (TryDecrypt(cipher, segment, position, sealedSegment, destination[..length]))
        {
            return length;
        }

        // Authentic in the other position: nothing was changed, but the stream was cut or something was appended.
        bool cut = position == SegmentNonce.Last && TryDecrypt(cipher, segment, SegmentNonce.Middle, sealedSegment, destination[..length]);
        CryptographicOperations.ZeroMemory(destination[..length]);
        throw cut
            ? new SealedDataException(SealedDataReason.Truncated, $"A sealed stream was cut after segment {segment}.")
            : new SealedDataException(SealedDataReason.Tampered, $"Segment {segment} of a sealed stream does not verify.");
    }

    private bool TryDecrypt(AesGcm cipher, long segment, byte position, ReadOnlySpan<byte> sealedSegment, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[KeySizes.NonceLength];
        SegmentNonce.Write(nonce, _noncePrefix, segment, position);
        try
        {
            cipher.Decrypt(nonce, sealedSegment[..destination.Length], sealedSegment[destination.Length..], destination);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static async ValueTask FillAsync(ISealedSource source, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            int read = await source.ReadAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new SealedDataException(SealedDataReason.Truncated, "A sealed stream ends before its length.");
            }

            offset += read;
            buffer = buffer[read..];
        }
    }
}
