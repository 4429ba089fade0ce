using MedCloudCare.Model.V1;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Publish;
using MedCloudCare.Models.Storage;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Models;

/// <summary>The RPCs of the model service, in Publish/, Query/ and Pods/.</summary>
internal sealed partial class ModelGrpc(
    IDbContextFactory<ModelContext> contexts,
    PackageStore store,
    PackageValidator validator,
    PublishLimiter limiter,
    IPodOrchestrator orchestrator,
    TimeProvider time) : ModelService.ModelServiceBase
{
    private const string Models = "models";
}
