using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using MedCloudCare.Common.V1;
using Microsoft.AspNetCore.Http;
using HttpResponse = Microsoft.AspNetCore.Http.HttpResponse;

namespace MedCloudCare.Platform.Errors;

/// <summary>
/// Gives a type to what the gRPC framework answers by itself, before any interceptor runs: a message, a query or a JSON body
/// that cannot be read, a message over the limit, an unknown encoding.
/// </summary>
internal static class FrameworkErrors
{
    private const string DetailsHeader = "grpc-status-details-bin";
    private const int LongestMessage = 200;

    private static readonly object Reached = new();

    private static readonly JsonFormatter Json = new(
        JsonFormatter.Settings.Default.WithTypeRegistry(TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor)));

    /// <summary>Notes that an interceptor has the call: from here on its errors are typed.</summary>
    public static void HandOver(ServerCallContext context) => context.GetHttpContext().Items[Reached] = true;

    /// <summary>The middleware.</summary>
    public static Task TypeAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) is true)
        {
            http.Response.OnStarting(static state => TypeTrailers(((HttpContext)state).Response), http);
            return next(http);
        }

        return http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is null ? next(http) : TypeBodyAsync(http, next);
    }

    /// <summary>An answer without messages has its status among the headers.</summary>
    private static Task TypeTrailers(HttpResponse response)
    {
        var headers = response.Headers;
        if (!headers.ContainsKey(DetailsHeader)
            && int.TryParse(headers.GrpcStatus, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && Translate((StatusCode)code, "") is { } error)
        {
            headers.GrpcStatus = ((int)error.StatusCode).ToString(CultureInfo.InvariantCulture);
            headers.GrpcMessage = Uri.EscapeDataString(error.Status.Detail);
            headers[DetailsHeader] = Convert.ToBase64String(error.GetRpcStatus()!.ToByteArray());
        }

        return Task.CompletedTask;
    }

    /// <summary>A transcoded answer has it in its body, which is held back until it is known whose it is.</summary>
    private static async Task TypeBodyAsync(HttpContext http, RequestDelegate next)
    {
        var body = http.Response.Body;
        var held = new HeldBody(body, () => http.Response.StatusCode < StatusCodes.Status400BadRequest || http.Items.ContainsKey(Reached));
        http.Response.Body = held;
        try
        {
            await next(http);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        finally
        {
            http.Response.Body = body;
        }

        if (held.Content.Length > 0 && !http.Response.HasStarted)
        {
            await WriteAsync(http, held.Content.GetBuffer().AsMemory(0, (int)held.Content.Length));
        }
    }

    private static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> untyped)
    {
        var (code, message) = Read(untyped);
        if (Translate(code, message) is { } error)
        {
            http.Response.StatusCode = error.StatusCode switch
            {
                StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
                StatusCode.ResourceExhausted => StatusCodes.Status413PayloadTooLarge,
                _ => http.Response.StatusCode,
            };
            untyped = Encoding.UTF8.GetBytes(Json.Format(error.GetRpcStatus()));
        }

        await http.Response.Body.WriteAsync(untyped, http.RequestAborted);
    }

    private static (StatusCode Code, string Message) Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var message = json.RootElement.GetProperty("message").GetString() ?? "";
            return ((StatusCode)json.RootElement.GetProperty("code").GetInt32(), message.Length > LongestMessage ? message[..LongestMessage] : message);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (StatusCode.Unknown, "");
        }
    }

    /// <summary>What a status of the framework means; null for one that has no reason of ours.</summary>
    private static RpcException? Translate(StatusCode code, string message) => code switch
    {
        // Handlers are not reached, so an unexpected failure is one of reading the request.
        StatusCode.Unknown or StatusCode.Internal or StatusCode.InvalidArgument =>
            MeshErrors.Invalid("request", message.Length > 0 ? message : "it is malformed"),
        StatusCode.ResourceExhausted => MeshErrors.Limit("message size", Hosting.MeshHost.MaximumRequestMessage),
        StatusCode.Unimplemented => MeshErrors.Of(code, Reason.NotSupported, "This service does not know the method or its encoding."),
        StatusCode.DeadlineExceeded => MeshErrors.Of(code, Reason.DeadlineExceeded, "The call took longer than its deadline."),
        _ => null,
    };

    /// <summary>Passes bytes on while <paramref name="passes"/> says so, and keeps the others.</summary>
    private sealed class HeldBody(Stream inner, Func<bool> passes) : Stream
    {
        public MemoryStream Content { get; } = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        private Stream Target => passes() ? inner : Content;

        public override void Flush() => Target.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => Target.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => Target.Write(buffer, offset, count);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Target.WriteAsync(buffer, offset, count, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            Target.WriteAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
