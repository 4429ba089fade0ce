using System.Diagnostics;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.Errors;

/// <summary>
/// Turns whatever a handler throws, and bare error statuses of the framework, into typed answers. An error after the answer
/// has begun resets the connection, so that the client cannot take a part for the whole.
/// </summary>
internal sealed partial class ErrorResponses(RequestDelegate next, ILogger<ErrorResponses> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (!http.Response.HasStarted && OfStatus(http) is { } error)
            {
                // A proxy's "bad gateway" is our "unavailable"; the other statuses say more than the code's usual one.
                var status = http.Response.StatusCode;
                await HttpErrors.WriteAsync(http, error, status == StatusCodes.Status502BadGateway ? null : status);
            }
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException or RpcException)
        {
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e)
        {
            var (error, status) = Translate(e, http);
            if (http.Response.HasStarted) http.Abort();
            else await HttpErrors.WriteAsync(http, error, status);
        }
    }

    private (RpcException Error, int? Status) Translate(Exception e, HttpContext http)
    {
        switch (e)
        {
            case RpcException rpc when MeshErrors.TryRead(rpc, out _, out _):
                return (rpc, null);
            case RpcException { StatusCode: StatusCode.Unavailable }:
                return (MeshErrors.Unavailable("A service that is needed does not answer. Try again."), null);
            case RpcException { StatusCode: StatusCode.DeadlineExceeded }:
                return (MeshErrors.Of(StatusCode.DeadlineExceeded, Reason.DeadlineExceeded, "A service that is needed took too long. Try again."), null);
            case UnsupportedBodyException unsupported:
                return (MeshErrors.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, unsupported.Message, ("field", "Content-Type")), StatusCodes.Status415UnsupportedMediaType);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return (BodyTooLarge(), StatusCodes.Status413PayloadTooLarge);
            case BadHttpRequestException bad:
                return (MeshErrors.Invalid("request", "it is malformed, incomplete or too slow"), bad.StatusCode);
        }

        var id = Activity.Current?.TraceId.ToString() ?? Guid.NewGuid().ToString("n");
        LogFailure(log, http.GetEndpoint()?.DisplayName ?? "(no endpoint)", id, e.GetType().FullName!, e.StackTrace ?? "");
        return (MeshErrors.Of(StatusCode.Internal, Reason.Internal, $"A fault of this system; tell its operator this identifier: {id}", ("id", id)), null);
    }

    /// <summary>Statuses that routing and the proxy set without a body.</summary>
    private static RpcException? OfStatus(HttpContext http)
    {
        // A proxied answer without a body is the service's own.
        if (http.Response.ContentLength is not null || http.Response.ContentType is not null) return null;
        return http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed when HttpErrors.IsGrpc(http.Request) =>
                MeshErrors.Of(StatusCode.Unimplemented, Reason.NotSupported, "There is no such method here."),
            StatusCodes.Status404NotFound => MeshErrors.Of(StatusCode.NotFound, Reason.NotFound, "There is nothing at this address."),
            StatusCodes.Status405MethodNotAllowed => MeshErrors.Of(StatusCode.Unimplemented, Reason.NotSupported, "This address does not know the method."),
            StatusCodes.Status415UnsupportedMediaType => MeshErrors.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "This address does not take the Content-Type.", ("field", "Content-Type")),
            StatusCodes.Status413PayloadTooLarge => BodyTooLarge(),
            StatusCodes.Status400BadRequest or StatusCodes.Status408RequestTimeout => MeshErrors.Invalid("request", "it is malformed, incomplete or too slow"),
            StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout =>
                MeshErrors.Unavailable("A service that is needed does not answer. Try again."),
            _ => null,
        };
    }

    private static RpcException BodyTooLarge() =>
        MeshErrors.Of(StatusCode.ResourceExhausted, Reason.LimitExceeded, "The request body is over the size limit of this address.", ("limit", "request body"));

    [LoggerMessage(Level = LogLevel.Error, Message = "{Endpoint} failed ({Id}): {Kind}\n{Stack}")]
    private static partial void LogFailure(ILogger log, string endpoint, string id, string kind, string stack);
}
