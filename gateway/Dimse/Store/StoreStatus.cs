using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.Dimse.Store;

/// <summary>What the outcomes and errors of an upload are as status of a C-STORE-RSP (PS3.4 §B.2.3).</summary>
internal static class StoreStatus
{
    private const int MaximumComment = 64;

    public static DimseStatus Of(InstanceResult result) => result.Outcome switch
    {
        InstanceResult.Types.Outcome.Stored or InstanceResult.Types.Outcome.Duplicate => OfStored(result),
        InstanceResult.Types.Outcome.Refused => OfRefusal(result),
        _ => DimseStatus.ProcessingFailure("The archive gave no outcome"),
    };

    public static DimseStatus Of(RpcException error)
    {
        if (!MeshErrors.TryRead(error, out var reason, out _))
        {
            return error.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted or StatusCode.Cancelled
                ? DimseStatus.OutOfResources("The archive does not answer; send it again later")
                : DimseStatus.ProcessingFailure("The archive failed");
        }

        return reason switch
        {
            Reason.LimitExceeded or Reason.RateLimited or Reason.ServiceUnavailable or Reason.DeadlineExceeded
                or Reason.ConcurrentChange or Reason.UploadOffsetMismatch => DimseStatus.OutOfResources("The archive is busy; send it again later"),
            Reason.NotFound or Reason.NotPermitted or Reason.TokenInvalid or Reason.RoleNotAllowed
                or Reason.AccountNotApproved or Reason.AccountSuspended => DimseStatus.NotAuthorized,
            _ => DimseStatus.ProcessingFailure("The archive failed"),
        };
    }

    private static DimseStatus OfStored(InstanceResult result)
    {
        if (result.Warnings.Contains(InstanceWarning.PatientDiffers)) return DimseStatus.Coerced("The study is held under another patient ID");
        return result.Warnings.Contains(InstanceWarning.PatientNameDiffers) ? DimseStatus.Coerced("The study is held under another patient name") : DimseStatus.Success;
    }

    private static DimseStatus OfRefusal(InstanceResult result) => result.Reason switch
    {
        Reason.InstanceConflict => DimseStatus.DuplicateInstance,
        Reason.LimitExceeded => DimseStatus.OutOfResources(Comment(result.Message)),
        Reason.StudyMismatch => DimseStatus.DoesNotMatch,
        _ => DimseStatus.CannotUnderstand(Comment(result.Message)),
    };

    /// <summary>A text as VR LO has it: what does not fit or is not plain is left out.</summary>
    private static string Comment(string text)
    {
        var plain = string.Concat(text.Where(c => c is >= ' ' and <= '~' and not '\\'));
        return plain.Length <= MaximumComment ? plain : plain[..MaximumComment];
    }
}
