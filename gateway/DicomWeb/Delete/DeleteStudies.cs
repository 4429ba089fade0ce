using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Delete;

/// <summary>
/// Deleting studies for good. The standard has no such transaction; <c>DELETE /studies/{study}</c> is what archives commonly
/// offer, and <c>POST /studies/{study}/reject/{code}</c> their form of a rejection (IHE RAD-66 by its reason, PS3.16 CID 7011).
/// Series and instances are not deleted by themselves: the key that deletion erases is the study's.
/// </summary>
internal sealed class DeleteStudies(StudyService.StudyServiceClient studies)
{
    /// <summary>(113039, DCM, "Data Retention Policy Expired"): what is rejected for it is not kept.</summary>
    public const string RetentionExpired = "113039^DCM";

    /// <summary>204: nobody sees it any more, and no copy of it can be opened.</summary>
    public async Task HandleAsync(HttpContext http, string study)
    {
        await DeleteAsync(http, study);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>The only rejection that this archive knows is the one that deletes; the answer counts the instances.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_SUPPORTED: a rejection after which objects are kept.</exception>
    public async Task RejectAsync(HttpContext http, string study, string code)
    {
        if (code != RetentionExpired)
        {
            throw MeshErrors.Of(
                Grpc.Core.StatusCode.Unimplemented, Reason.NotSupported, "Rejected objects are not kept here: only a rejection that deletes is known.",
                ("supported", RetentionExpired));
        }

        var deleted = await DeleteAsync(http, study);
        await http.Response.WriteAsJsonAsync(new { count = deleted.InstanceCount }, http.RequestAborted);
    }

    public static Task RefusePartAsync(HttpContext http) => throw MeshErrors.Of(Grpc.Core.StatusCode.Unimplemented, Reason.NotSupported, "Only whole studies are deleted.");

    private async Task<Study.V1.Study> DeleteAsync(HttpContext http, string study)
    {
        StudyCalls.RequireUids(study);
        var found = await studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = study, PageSize = 100 }, http.ForCaller());

        // The caller's own; where there is none, study says that one shared with them is not theirs to delete.
        var target = found.Studies.FirstOrDefault(s => s.Access == Access.Owner) ?? found.Studies.FirstOrDefault() ?? throw MeshErrors.NotFound("study");
        await studies.DeleteStudyAsync(new DeleteStudyRequest { Name = target.Name }, http.ForCaller());
        return target;
    }
}
