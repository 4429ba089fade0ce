using Google.Rpc;
using Grpc.Core;
using GrpcStatus = Grpc.Core.StatusCode;

namespace MedCloudCare.Cli.Output;

/// <summary>A typed error of the mesh as one line: the reason, what it is about, and what to do next.</summary>
/// <param name="ExitCode">One of <see cref="Cli.ExitCode"/>.</param>
/// <param name="Reason">Name of a medcloudcare.common.v1.Reason without its prefix, or the gRPC status.</param>
/// <param name="Line">Reason and message.</param>
/// <param name="Hint">What to do next.</param>
internal sealed record RpcProblem(int ExitCode, string Reason, string Line, string? Hint)
{
    /// <summary>Reads the details of an error.</summary>
    public static RpcProblem Of(RpcException error)
    {
        Google.Rpc.Status? status = error.GetRpcStatus();
        ErrorInfo? info = status?.GetDetail<ErrorInfo>();
        string message = string.IsNullOrEmpty(status?.Message) ? error.Status.Detail : status.Message;
        if (info is null)
        {
            return Untyped(error.StatusCode, message);
        }

        string where = string.Join(", ", info.Metadata.Where(m => !message.Contains(m.Value, StringComparison.Ordinal))
            .Select(m => $"{m.Key}={m.Value}"));
        string violations = string.Join("; ", (status!.GetDetail<BadRequest>()?.FieldViolations ?? [])
            .Where(v => !message.Contains(v.Field, StringComparison.Ordinal)).Select(v => $"{v.Field}: {v.Description}"));
        string line = $"{info.Reason}: {message}";
        foreach (string more in new[] { where, violations }.Where(m => m.Length > 0))
        {
            line += $" ({more})";
        }

        return new RpcProblem(CodeOf(info.Reason, error.StatusCode), info.Reason, line, HintFor(info.Reason));
    }

    private static RpcProblem Untyped(GrpcStatus status, string message) => status switch
    {
        GrpcStatus.Unavailable => new(Cli.ExitCode.NotReachable, "UNAVAILABLE", $"The mesh does not answer: {message}", "Is it running? Try: mcc status"),
        GrpcStatus.DeadlineExceeded => new(Cli.ExitCode.NotReachable, "DEADLINE_EXCEEDED", "The mesh took too long to answer.", "Try again; mcc status shows its health."),
        GrpcStatus.Unauthenticated => new(Cli.ExitCode.NotSignedIn, "UNAUTHENTICATED", message, "Sign in: mcc login --email …"),
        _ => new(Cli.ExitCode.Refused, status.ToString(), $"{status}: {message}", null),
    };

    private static int CodeOf(string reason, GrpcStatus status) => reason switch
    {
        "TOKEN_INVALID" or "CREDENTIALS_INVALID" or "REFRESH_TOKEN_REUSED" => Cli.ExitCode.NotSignedIn,
        "SERVICE_UNAVAILABLE" or "DEADLINE_EXCEEDED" => Cli.ExitCode.NotReachable,
        _ => status == GrpcStatus.Unauthenticated ? Cli.ExitCode.NotSignedIn : Cli.ExitCode.Refused,
    };

    private static string? HintFor(string reason) => reason switch
    {
        "TOKEN_INVALID" or "REFRESH_TOKEN_REUSED" => "Sign in again: mcc login --email …",
        "CREDENTIALS_INVALID" => "Check address and password.",
        "ROLE_NOT_ALLOWED" => "This account's role may not do that; --as or mcc login chooses another account.",
        "ACCOUNT_NOT_APPROVED" => "An administrator has to approve the account: mcc admin approve EMAIL",
        "RATE_LIMITED" => "Wait a little, then try again.",
        "ALREADY_EXISTS" => "Choose another name, or leave out what made it a new one.",
        "NOT_FOUND" => "Check the identifier; what an account may not see does not exist for it.",
        "CONCURRENT_CHANGE" or "MODEL_NOT_READY" or "SERVICE_UNAVAILABLE" or "DEADLINE_EXCEEDED" => "Try again.",
        "STORE_FULL" => "Make room on the disk of the mesh, then try again.",
        "SEAL_BROKEN" => "Stored bytes were changed from outside. Tell the operator.",
        "MODEL_MAIN_MISSING" => "Put main.py at the top level of the directory.",
        "MODEL_SYNTAX_ERROR" or "MODEL_APPLICATION_MISSING" or "MODEL_RUN_MISSING" or "MODEL_TYPE_INVALID" => "Correct main.py and publish again.",
        "INTERNAL" => "Give the identifier in the message to the operator; logs are under DATA/log.",
        _ => null,
    };
}
