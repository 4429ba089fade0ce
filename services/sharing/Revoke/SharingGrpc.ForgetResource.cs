using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Grants.Resources;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sharing.V1;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Grants;

public sealed partial class SharingGrpc
{
    public override async Task<Empty> ForgetResource(ForgetResourceRequest request, ServerCallContext context)
    {
        if (SharedResource.KindOf(request.Resource) != SharedKind.Study)
        {
            throw MeshErrors.Invalid("resource", "must be of the form studies/{uuid}");
        }

        await using var grants = await contexts.CreateDbContextAsync(context.CancellationToken);
        await grants.Grants.Where(g => g.Resource == request.Resource).ExecuteDeleteAsync(context.CancellationToken);
        return new Empty();
    }
}
