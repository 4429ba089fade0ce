using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Changes;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Jobs.Api;

/// <summary>The inference service; one file for each group of RPCs.</summary>
public sealed partial class InferenceGrpc(
    JobStore store,
    JobViews views,
    JobChanges changes,
    RunningJobs running,
    StudyService.StudyServiceClient studies,
    ModelService.ModelServiceClient models,
    AuthService.AuthServiceClient auth,
    IOptions<InferenceOptions> options,
    IHostApplicationLifetime lifetime) : InferenceService.InferenceServiceBase
{
    private const string Collection = "jobs";

    private async Task<JobRecord> FindAsync(string name, Guid owner, CancellationToken cancellation)
    {
        var id = ResourceName.Parse(Collection, name);
        return await store.FindAsync(id, owner, cancellation) ?? throw MeshErrors.NotFound(name);
    }
}
