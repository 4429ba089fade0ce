using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using HttpRequest = Microsoft.AspNetCore.Http.HttpRequest;
using HttpResponse = Microsoft.AspNetCore.Http.HttpResponse;
using Status = Google.Rpc.Status;

namespace MedCloudCare.Gateway.Errors;

/// <summary>
/// Errors of gRPC over HTTP: the status code of google.rpc.Code's table and the body that transcoding gives,
/// <c>{"code":5,"message":"…","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",…}]}</c>. A gRPC client gets the
/// same as the headers of an answer without messages.
/// </summary>
internal static class HttpErrors
{
    private const string GrpcType = "application/grpc";

    private static readonly JsonFormatter Json = new(
        JsonFormatter.Settings.Default.WithTypeRegistry(TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor)));

    /// <summary>The HTTP status of an error: by its reason where HTTP is more precise, else by its code.</summary>
    public static int StatusOf(RpcException error)
    {
        MeshErrors.TryRead(error, out var reason, out _);
        return reason switch
        {
            Reason.NotAcceptable => StatusCodes.Status406NotAcceptable,
            Reason.LimitExceeded => StatusCodes.Status413PayloadTooLarge,
            Reason.StateConflict => StatusCodes.Status409Conflict,
            Reason.StoreFull => StatusCodes.Status507InsufficientStorage,
            _ => StatusOf(error.StatusCode),
        };
    }

    public static int StatusOf(StatusCode code) => code switch
    {
        StatusCode.OK => StatusCodes.Status200OK,
        StatusCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Whether the client speaks gRPC.</summary>
    public static bool IsGrpc(HttpRequest request) => request.ContentType?.StartsWith(GrpcType, StringComparison.OrdinalIgnoreCase) is true;

    /// <summary>Answers with an error. The response must not have started.</summary>
    /// <param name="status">The HTTP status, where the route knows better than <see cref="StatusOf(RpcException)"/>.</param>
    public static async Task WriteAsync(HttpContext http, RpcException error, int? status = null)
    {
        var body = error.GetRpcStatus() ?? new Status { Code = (int)error.StatusCode, Message = error.Status.Detail };
        var response = http.Response;
        response.Clear();
        if (IsGrpc(http.Request))
        {
            WriteGrpc(response, body);
            return;
        }

        response.StatusCode = status ?? StatusOf(error);
        response.Headers.CacheControl = "no-store";
        response.ContentType = "application/json";
        if (response.StatusCode == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        if (body.GetDetail<RetryInfo>()?.RetryDelay is { } delay)
        {
            response.Headers.RetryAfter = Math.Max(1, delay.Seconds + (delay.Nanos > 0 ? 1 : 0)).ToString(CultureInfo.InvariantCulture);
        }

        var bytes = Encoding.UTF8.GetBytes(Json.Format(body));
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    private static void WriteGrpc(HttpResponse response, Status status)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = GrpcType;
        response.Headers.CacheControl = "no-store";
        response.Headers.GrpcStatus = status.Code.ToString(CultureInfo.InvariantCulture);
        response.Headers.GrpcMessage = Uri.EscapeDataString(status.Message);
        response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray());
    }
}
