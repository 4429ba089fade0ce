namespace MedCloudCare.Sealing;

/// <summary>A range of bytes.</summary>
public readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>The offset after its last byte.</summary>
    public long End => Offset + Length;
}

/// <summary>
/// Where plaintext lies in a sealed stream. The first segment of ciphertext is shorter by the header, so that every
/// segment starts at a multiple of the segment length. Default: 64 KiB, the format of every stored stream.
/// </summary>
public sealed class SealedLayout
{
    /// <summary>Length of the header: length byte 1, salt 32, nonce prefix 7.</summary>
    public const int HeaderLength = 1 + SaltLength + NoncePrefixLength;

    /// <summary>Length of a segment of ciphertext, tag included.</summary>
    public const int DefaultSegmentLength = 64 * 1024;

    internal const int SaltLength = 32;
    internal const int NoncePrefixLength = 7;

    // The counter in the nonce has 32 bits.
    private const long MaximumSegments = 1L << 32;

    internal SealedLayout(int segmentLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(segmentLength, HeaderLength + KeySizes.TagLength);
        SegmentLength = segmentLength;
    }

    /// <summary>The layout of stored streams.</summary>
    public static SealedLayout Default { get; } = new(DefaultSegmentLength);

    internal int SegmentLength { get; }

    /// <summary>Plaintext bytes in the first segment.</summary>
    internal int FirstCapacity => SegmentLength - HeaderLength - KeySizes.TagLength;

    /// <summary>Plaintext bytes in any other segment.</summary>
    internal int Capacity => SegmentLength - KeySizes.TagLength;

    /// <summary>Length of the sealed stream of so many bytes of plaintext.</summary>
    public long SealedLength(long plaintextLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextLength);
        long segments = SegmentsOf(plaintextLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(segments, MaximumSegments, nameof(plaintextLength));
        return HeaderLength + plaintextLength + (segments * KeySizes.TagLength);
    }

    /// <summary>Length of the plaintext in a sealed stream of so many bytes.</summary>
    /// <exception cref="SealedDataException"><see cref="SealedDataReason.Truncated"/>: no sealed stream has this length.</exception>
    public long PlaintextLength(long sealedLength)
    {
        long segments = (sealedLength / SegmentLength) + (sealedLength % SegmentLength == 0 ? 0 : 1);
        long last = sealedLength - ((segments - 1) * SegmentLength);
        int least = segments == 1 ? HeaderLength + KeySizes.TagLength : KeySizes.TagLength + 1;
        if (sealedLength <= 0 || last < least || segments > MaximumSegments)
        {
            throw new SealedDataException(SealedDataReason.Truncated, $"A sealed stream cannot have {sealedLength} bytes.");
        }

        return sealedLength - HeaderLength - (segments * KeySizes.TagLength);
    }

    /// <summary>
    /// The bytes of a sealed stream to read, in order, to open a range of its plaintext: whole segments, without the
    /// header (which may be kept elsewhere). Empty for an empty range, except at the end of the plaintext, where the
    /// last segment is read to verify that it is the last.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the plaintext.</exception>
    public ByteRange RangeOf(long offset, long length, long plaintextLength)
    {
        CheckRange(offset, length, plaintextLength);
        if (length == 0 && offset < plaintextLength)
        {
            return default;
        }

        (long first, long last) = SegmentRange(offset, length, plaintextLength);
        long start = first == 0 ? HeaderLength : first * SegmentLength;
        return new ByteRange(start, Math.Min((last + 1) * SegmentLength, SealedLength(plaintextLength)) - start);
    }

    internal static void CheckRange(long offset, long length, long plaintextLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, plaintextLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, plaintextLength - offset);
    }

    internal long SegmentsOf(long plaintextLength) => plaintextLength <= FirstCapacity
        ? 1
        : 1 + ((plaintextLength - FirstCapacity + Capacity - 1) / Capacity);

    internal (long First, long Last) SegmentRange(long offset, long length, long plaintextLength)
    {
        long end = SegmentsOf(plaintextLength) - 1;
        return (Math.Min(SegmentAt(offset), end), length == 0 ? end : SegmentAt(offset + length - 1));
    }

    /// <summary>The offset in the plaintext at which a segment starts.</summary>
    internal long PlaintextStart(long segment) => segment == 0 ? 0 : FirstCapacity + ((segment - 1) * Capacity);

    private long SegmentAt(long offset) => offset < FirstCapacity ? 0 : 1 + ((offset - FirstCapacity) / Capacity);
}
