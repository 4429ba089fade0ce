using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Delete;

/// <summary>
/// Deleting studies, series and instances. The standard has no such transaction; <c>DELETE</c> on the resource is what archives
/// commonly offer, and <c>POST …/reject/{code}</c> their form of a rejection (IHE RAD-66 by its reason, PS3.16 CID 7011).
/// Deleting a study erases its key; of a series or an instance, the sealed bytes go when their pack is rewritten.
/// </summary>
internal sealed class DeleteObjects(StudyService.StudyServiceClient studies)
{
    /// <summary>(113039, DCM, "Data Retention Policy Expired"): what is rejected for it is not kept.</summary>
    public const string RetentionExpired = "113039^DCM";

    /// <summary>204: nobody sees it any more.</summary>
    public async Task HandleAsync(HttpContext http, string study, string? series = null, string? instance = null)
    {
        await DeleteAsync(http, study, series, instance);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>The only rejection that this archive knows is the one that deletes; the answer counts the instances.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_SUPPORTED: a rejection after which objects are kept.</exception>
    public async Task RejectAsync(HttpContext http, string code, string study, string? series = null, string? instance = null)
    {
        if (code != RetentionExpired)
        {
            throw MeshErrors.Of(
                Grpc.Core.StatusCode.Unimplemented, Reason.NotSupported, "Rejected objects are not kept here: only a rejection that deletes is known.",
                ("supported", RetentionExpired));
        }

        var count = await DeleteAsync(http, study, series, instance);
        await http.Response.WriteAsJsonAsync(new { count }, http.RequestAborted);
    }

    /// <returns>How many instances there were.</returns>
    private async Task<int> DeleteAsync(HttpContext http, string study, string? series, string? instance)
    {
        StudyCalls.RequireUids(study, series, instance);
        var found = await studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = study, PageSize = 100 }, http.ForCaller());

        // The caller's own; where there is none, study says that one shared with them is not theirs to delete.
        var target = found.Studies.FirstOrDefault(s => s.Access == Access.Owner) ?? found.Studies.FirstOrDefault() ?? throw MeshErrors.NotFound("study");
        if (series is null)
        {
            await studies.DeleteStudyAsync(new DeleteStudyRequest { Name = target.Name }, http.ForCaller());
            return target.InstanceCount;
        }

        var name = $"{target.Name}/series/{series}";
        if (instance is not null)
        {
            await studies.DeleteInstanceAsync(new DeleteInstanceRequest { Name = $"{name}/instances/{instance}" }, http.ForCaller());
            return 1;
        }

        var whole = await studies.LookupSeriesAsync(new LookupSeriesRequest { StudyInstanceUid = study, SeriesInstanceUid = series }, http.ForCaller());
        await studies.DeleteSeriesAsync(new DeleteSeriesRequest { Name = name }, http.ForCaller());
        return whole.InstanceCount;
    }
}
