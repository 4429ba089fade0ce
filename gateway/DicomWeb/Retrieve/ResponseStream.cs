using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>Writing an answer as the messages that make it come in: what the client does not take is not fetched.</summary>
internal static class ResponseStream
{
    // A message holds at most 64 KiB: one system call for each, and no more than two of them wait in memory.
    private const int FlushAt = 64 * 1024;

    /// <summary>The first message, before which an error still gets an answer of its own.</summary>
    /// <exception cref="RpcException">What the service answered; also where it answered nothing at all.</exception>
    public static async Task<T> FirstAsync<T>(this AsyncServerStreamingCall<T> call, CancellationToken cancellation) =>
        await call.ResponseStream.MoveNext(cancellation)
            ? call.ResponseStream.Current
            : throw new RpcException(new Status(StatusCode.Unavailable, "The answer is empty."));

    /// <summary>Sends what is written once there is enough of it, and waits where the client is slow.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public static ValueTask FlushIfFullAsync(this PipeWriter writer, CancellationToken cancellation) =>
        writer.UnflushedBytes < FlushAt ? ValueTask.CompletedTask : FlushAllAsync(writer, cancellation);

    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public static async ValueTask FlushAllAsync(this PipeWriter writer, CancellationToken cancellation)
    {
        var result = await writer.FlushAsync(cancellation);
        if (result.IsCompleted || result.IsCanceled) throw new OperationCanceledException("The client has gone.", cancellation);
    }
}
