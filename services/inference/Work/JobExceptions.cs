using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Jobs.Work;

/// <summary>The job ends with this error; trying again would not help.</summary>
public sealed class JobFailedException(Reason reason, string message, string detail = "") : Exception(message)
{
    public Reason Reason => reason;

    /// <summary>For those who may read the model.</summary>
    public string Detail => detail;

    public JobError ToError() => new() { Reason = reason, Message = Message, Detail = detail };
}

/// <summary>A service that is needed does not answer; the job is tried again later.</summary>
public sealed class TryLaterException(string what, Exception? inner = null) : Exception(what, inner);

/// <summary>The pod ended, or broke its contract, in the middle of the call.</summary>
public sealed class PodLostException(string what, Exception? inner = null) : Exception(what, inner)
{
    /// <summary>Whether it was gone before the call: that says nothing about the model.</summary>
    public bool WasGone => InnerException is RpcException { Status.DebugException: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } };
}

/// <summary>What an error of a service of the mesh means to a job.</summary>
internal static class ServiceErrors
{
    /// <summary>Makes a job's exception of an error that a call under the delegation met.</summary>
    /// <param name="what">What the call was about, for the user: "The series".</param>
    public static Exception Translate(RpcException e, string what)
    {
        if (MeshErrors.TryRead(e, out var reason, out _))
        {
            switch (reason)
            {
                case Reason.NotFound or Reason.NotPermitted or Reason.RoleNotAllowed or Reason.TokenInvalid or Reason.AccountSuspended or Reason.AccountNotApproved:
                    return new JobFailedException(Reason.AccessRevoked, $"{what} is no longer available to you.");
                case Reason.ServiceUnavailable or Reason.DeadlineExceeded or Reason.RateLimited:
                    return new TryLaterException($"{what}: {reason}", e);
                case Reason.Internal:
                    return new TryLaterException($"{what}: {reason}", e);
                default:
                    return new JobFailedException(reason, $"{what}: {e.Status.Detail}");
            }
        }

        return e.StatusCode == StatusCode.Unauthenticated
            ? new JobFailedException(Reason.AccessRevoked, $"{what} is no longer available to you.")
            : new TryLaterException($"{what}: {e.StatusCode}", e);
    }
}
