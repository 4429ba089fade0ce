using System.IO.Pipelines;

namespace MedCloudCare.Sealing;

public sealed partial class SealedStreamReader
{
    /// <summary>Opens a range into a buffer, filling it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the plaintext.</exception>
    /// <exception cref="SealedDataException">The stream is truncated or tampered with; the buffer holds authentic bytes and zeros.</exception>
    public async ValueTask ReadExactlyAsync(ISealedSource source, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        await foreach (ReadOnlyMemory<byte> piece in ReadAsync(source, offset, destination.Length, cancellationToken).ConfigureAwait(false))
        {
            piece.CopyTo(destination);
            destination = destination[piece.Length..];
        }
    }

    /// <summary>Opens a range into a pipe, flushing after each segment, which gives the consumer's pace to the reads.</summary>
    /// <returns>False when the consumer has gone and the rest was not read.</returns>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask<bool> CopyToAsync(ISealedSource source, long offset, long length, PipeWriter destination, CancellationToken cancellationToken = default)
    {
        await foreach (ReadOnlyMemory<byte> piece in ReadAsync(source, offset, length, cancellationToken).ConfigureAwait(false))
        {
            FlushResult flushed = await destination.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Opens a range into a stream.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask CopyToAsync(ISealedSource source, long offset, long length, Stream destination, CancellationToken cancellationToken = default)
    {
        await foreach (ReadOnlyMemory<byte> piece in ReadAsync(source, offset, length, cancellationToken).ConfigureAwait(false))
        {
            await destination.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
        }
    }
}
