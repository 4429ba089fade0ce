using Grpc.Core;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Grants.Resources;

/// <summary>Asks the services that own the resources, with the caller's own token, whether the caller owns one.</summary>
public sealed class ResourceOwners(StudyService.StudyServiceClient studies, ModelService.ModelServiceClient models)
{
    /// <exception cref="RpcException">NOT_FOUND for what the caller cannot see, NOT_PERMITTED for what belongs to another.</exception>
    public async Task DemandOwnedAsync(string resource, Metadata caller, CancellationToken cancellation)
    {
        var owned = SharedResource.KindOf(resource) switch
        {
            SharedKind.Study => (await studies.GetStudyAsync(new GetStudyRequest { Name = resource }, caller, cancellationToken: cancellation)).Access == Access.Owner,
            _ => (await models.GetModelAsync(new GetModelRequest { Name = resource }, caller, cancellationToken: cancellation)).Owned,
        };
        if (!owned)
        {
            throw MeshErrors.NotPermitted("Only the owner can share this.");
        }
    }
}
