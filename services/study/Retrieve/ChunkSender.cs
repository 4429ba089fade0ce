using Grpc.Core;

namespace MedCloudCare.Studies;

/// <summary>
/// Sends the messages of an answer, several in one go: a flush for each chunk would be a handful of system calls and wake-ups
/// for 64 KiB. What waits is bounded; the end of the call sends the rest.
/// </summary>
internal sealed class ChunkSender<T>(IServerStreamWriter<T> responses)
{
    // Four chunks: as many as are read from the store in one go.
    private const int FlushAfter = 256 << 10;

    private static readonly WriteOptions Waiting = new(WriteFlags.BufferHint);
    private static readonly WriteOptions Flushing = new();

    private int _waiting;

    /// <summary>Sends a message, or keeps it for a moment. Its bytes may be reused when the task has completed.</summary>
    public Task WriteAsync(T message, int length, CancellationToken cancellationToken)
    {
        _waiting += length;
        bool full = _waiting >= FlushAfter;
        if (full)
        {
            _waiting = 0;
        }

        responses.WriteOptions = full ? Flushing : Waiting;
        return responses.WriteAsync(message, cancellationToken);
    }
}
