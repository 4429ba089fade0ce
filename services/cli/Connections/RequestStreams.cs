using Grpc.Core;

namespace MedCloudCare.Cli.Connections;

/// <summary>Writes to a call's request stream.</summary>
internal static class RequestStreams
{
    /// <summary>
    /// Writes a message. When the call has ended or its connection broke, this throws <see cref="CallEndedException"/>
    /// whatever layer noticed it: why it ended is what the call's response says.
    /// </summary>
    public static Task SendAsync<T>(this IClientStreamWriter<T> stream, T message, CancellationToken cancellationToken) =>
        TranslateAsync(stream.WriteAsync(message, cancellationToken));

    /// <summary>Says that there are no more messages; throws like <see cref="SendAsync"/>.</summary>
    public static Task EndAsync<T>(this IClientStreamWriter<T> stream) => TranslateAsync(stream.CompleteAsync());

    private static async Task TranslateAsync(Task write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or HttpRequestException)
        {
            throw new CallEndedException(e);
        }
    }
}

/// <summary>Nothing more can be written to a call.</summary>
/// <param name="cause">How that was noticed.</param>
internal sealed class CallEndedException(Exception cause) : Exception("The call has ended.", cause);
