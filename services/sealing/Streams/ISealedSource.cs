using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Sealing;

/// <summary>
/// Gives the bytes of one sealed stream; offset 0 is the first byte of its header. A reader asks for one contiguous
/// range in order, so that an object store may serve it from a single ranged request.
/// </summary>
public interface ISealedSource
{
    /// <summary>Reads at least one byte at an offset, or returns 0 at the end.</summary>
    ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default);
}

/// <summary>A sealed stream within a file (an instance in its pack). Does not own the handle. Thread-safe.</summary>
public sealed class FileSealedSource(SafeFileHandle file, ByteRange place) : ISealedSource
{
    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int length = (int)Math.Clamp(place.Length - offset, 0, buffer.Length);

        // The page cache answers most reads; an asynchronous file read would only move this call to a pool thread.
        return length == 0 ? new(0) : new(RandomAccess.Read(file, buffer.Span[..length], place.Offset + offset));
    }
}

/// <summary>A sealed stream in memory. Thread-safe.</summary>
public sealed class MemorySealedSource(ReadOnlyMemory<byte> content) : ISealedSource
{
    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int length = (int)Math.Clamp(content.Length - offset, 0, buffer.Length);
        if (length > 0)
        {
            content.Slice((int)offset, length).CopyTo(buffer);
        }

        return new(length);
    }
}

/// <summary>
/// A stretch of a sealed stream that arrives in order, such as the body of a ranged request to an object store
/// (<see cref="SealedLayout.RangeOf"/> says which range to ask for). Does not own the stream. One reader at a time.
/// </summary>
/// <param name="body">The bytes.</param>
/// <param name="start">Their offset in the sealed stream.</param>
public sealed class SequentialSealedSource(Stream body, long start) : ISealedSource
{
    private long _position = start;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The offset is not where the last read ended.</exception>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (offset != _position)
        {
            throw new InvalidOperationException("A sequential source is read in order.");
        }

        int read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _position += read;
        return read;
    }
}
