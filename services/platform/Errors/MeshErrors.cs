using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using MedCloudCare.Common.V1;

namespace MedCloudCare.Platform.Errors;

/// <summary>
/// The one place that makes and reads errors of the mesh: <c>google.rpc.Status</c> with an <c>ErrorInfo</c> whose reason is a
/// <see cref="Reason"/> and whose domain is <see cref="Domain"/>.
/// </summary>
public static class MeshErrors
{
    /// <summary>The domain of every ErrorInfo.</summary>
    public const string Domain = "medcloudcare";

    /// <summary>Any error, with the facts a client needs to act (limits, offsets, paths: never patient data).</summary>
    public static RpcException Of(StatusCode code, Reason reason, string message, params ReadOnlySpan<(string Key, string Value)> metadata)
    {
        var info = new ErrorInfo { Domain = Domain, Reason = NameOf(reason) };
        foreach (var (key, value) in metadata)
        {
            info.Metadata[key] = value;
        }

        return Make(code, message, info);
    }

    /// <summary>INVALID_ARGUMENT: a field of the request.</summary>
    public static RpcException Invalid(string field, string why) => Make(
        StatusCode.InvalidArgument,
        $"{field}: {why}",
        new ErrorInfo { Domain = Domain, Reason = NameOf(Reason.FieldInvalid), Metadata = { ["field"] = field } },
        new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = why } } });

    /// <summary>NOT_FOUND: there is none, or the caller may not know of it.</summary>
    public static RpcException NotFound(string resource) => Make(
        StatusCode.NotFound,
        $"There is no {resource} that you can see.",
        new ErrorInfo { Domain = Domain, Reason = NameOf(Reason.NotFound) },
        new ResourceInfo { ResourceName = resource });

    /// <summary>ALREADY_EXISTS.</summary>
    public static RpcException AlreadyExists(string resource, string message) => Make(
        StatusCode.AlreadyExists,
        message,
        new ErrorInfo { Domain = Domain, Reason = NameOf(Reason.AlreadyExists) },
        new ResourceInfo { ResourceName = resource });

    /// <summary>PERMISSION_DENIED: the caller sees the resource but may not do this.</summary>
    public static RpcException NotPermitted(string message) => Of(StatusCode.PermissionDenied, Reason.NotPermitted, message);

    /// <summary>RESOURCE_EXHAUSTED: more than the limit of something.</summary>
    public static RpcException Limit(string what, long limit) => Of(
        StatusCode.ResourceExhausted,
        Reason.LimitExceeded,
        $"{what} is over the limit of {limit}.",
        ("limit", what),
        ("maximum", limit.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    /// <summary>RESOURCE_EXHAUSTED: too often; says when to come back.</summary>
    public static RpcException RateLimited(string message, TimeSpan retryAfter) => Make(
        StatusCode.ResourceExhausted,
        message,
        new ErrorInfo { Domain = Domain, Reason = NameOf(Reason.RateLimited) },
        new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) });

    /// <summary>UNAVAILABLE: a service that is needed does not answer.</summary>
    public static RpcException Unavailable(string message) => Of(StatusCode.Unavailable, Reason.ServiceUnavailable, message);

    /// <summary>UNAUTHENTICATED: the token is missing or not valid.</summary>
    public static RpcException TokenInvalid(string message) => Of(StatusCode.Unauthenticated, Reason.TokenInvalid, message);

    /// <summary>The reason of an error that a service of the mesh answered; false for errors of transport or of strangers.</summary>
    public static bool TryRead(RpcException exception, out Reason reason, out IReadOnlyDictionary<string, string> metadata)
    {
        var info = exception.GetRpcStatus()?.GetDetail<ErrorInfo>();
        if (info is { Domain: Domain } && Reasons.TryGetValue(info.Reason, out reason))
        {
            metadata = info.Metadata;
            return true;
        }

        reason = Reason.Unspecified;
        metadata = new Dictionary<string, string>();
        return false;
    }

    /// <summary>Whether an error has this reason.</summary>
    public static bool Is(RpcException exception, Reason reason) => TryRead(exception, out var actual, out _) && actual == reason;

    /// <summary>The name of a reason as it stands in ErrorInfo: the proto's without its prefix.</summary>
    public static string NameOf(Reason reason) => Names[reason];

    private static readonly Dictionary<Reason, string> Names = ErrorsReflection.Descriptor.EnumTypes
        .Single(e => e.Name == nameof(Reason)).Values
        .ToDictionary(v => (Reason)v.Number, v => v.Name["REASON_".Length..]);

    private static readonly Dictionary<string, Reason> Reasons = Names.ToDictionary(p => p.Value, p => p.Key);

    private static RpcException Make(StatusCode code, string message, params ReadOnlySpan<Google.Protobuf.IMessage> details)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message };
        foreach (var detail in details)
        {
            status.Details.Add(Any.Pack(detail));
        }

        return status.ToRpcException();
    }
}
