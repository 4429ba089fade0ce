using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Sharing.V1;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Grants;

public sealed partial class SharingGrpc
{
    public override async Task<Empty> DeleteGrant(DeleteGrantRequest request, ServerCallContext context)
    {
        var id = ResourceName.Parse(Collection, request.Name);
        var me = context.Caller().AccountId;
        await using var grants = await contexts.CreateDbContextAsync(context.CancellationToken);

        // Repeating a revocation is answered like the first one; so is the grant of a stranger, of which nothing is learnt.
        await grants.Grants
            .Where(g => g.Id == id && (g.Grantor == me || g.Grantee == me))
            .ExecuteDeleteAsync(context.CancellationToken);
        return new Empty();
    }
}
