using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using Microsoft.EntityFrameworkCore;
using Delegation = MedCloudCare.Auth.V1.Delegation;

namespace MedCloudCare.Accounts.DicomPeers;

public sealed partial class DicomPeerGrpc
{
    /// <summary>The process that has the door, to which delegations are given.</summary>
    private const string Door = "gateway";

    // One instance of any size that takes its time; the door asks again for every other.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public override async Task<AdmitDicomPeerResponse> AdmitDicomPeer(AdmitDicomPeerRequest request, ServerCallContext context)
    {
        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        var peer = await database.DicomPeers.AsNoTracking().SingleOrDefaultAsync(p => p.CallingAeTitle == request.CallingAeTitle, context.CancellationToken);
        var address = IPAddress.TryParse(request.Address, out var parsed) ? parsed : null;
        if (peer is null || !PeerRules.Admits(peer, address, request.ClientCertificateSha256)) throw MeshErrors.NotFound(Collection);
        if (peer.CalledAeTitle.Length > 0 && peer.CalledAeTitle != request.CalledAeTitle)
        {
            throw MeshErrors.Invalid("called_ae_title", "is not the one that this peer has to use");
        }

        var owner = await accounts.FindAsync(peer.OwnerId, context.CancellationToken) ?? throw MeshErrors.NotFound(Collection);
        switch ((Account.Types.State)owner.State)
        {
            case Account.Types.State.Active when MayStore(owner):
                var token = await tokens.DelegationAsync(owner.Id, (Role)owner.Role, Door, [DelegatedResources.Uploads], context.CancellationToken, Lifetime);
                return new AdmitDicomPeerResponse { Delegation = new Delegation { Token = token.Text, ExpireTime = Timestamp.FromDateTimeOffset(token.ExpireTime) } };
            case Account.Types.State.Active:
                throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.RoleNotAllowed, "The owner's role stores no images.");
            case Account.Types.State.Suspended:
                throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.AccountSuspended, "The owner is suspended.");
            default:
                throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.AccountNotApproved, "The owner waits for an administrator's approval.");
        }
    }
}
