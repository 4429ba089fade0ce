using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;

namespace MedCloudCare.Grants.Resources;

/// <summary>What can be shared.</summary>
public enum SharedKind
{
    /// <summary>A study, among health professionals.</summary>
    Study,

    /// <summary>A model, with researchers, and with health professionals to run it.</summary>
    Model,
}

/// <summary>The kinds of resource names that a grant may hold.</summary>
public static class SharedResource
{
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT</exception>
    public static SharedKind KindOf(string resource)
    {
        if (ResourceName.TryParse("studies", resource, out _))
        {
            return SharedKind.Study;
        }

        return ResourceName.TryParse("models", resource, out _)
            ? SharedKind.Model
            : throw MeshErrors.Invalid("resource", "must be of the form studies/{uuid} or models/{uuid}");
    }
}
