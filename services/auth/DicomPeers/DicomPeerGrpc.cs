using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Accounts.Data;
using MedCloudCare.Accounts.Tokens;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Accounts.DicomPeers;

/// <summary>The peers of the DIMSE door.</summary>
public sealed partial class DicomPeerGrpc(
    IDbContextFactory<AccountsContext> contexts, AccountStore accounts, TokenIssuer tokens, TimeProvider time) : DicomPeerService.DicomPeerServiceBase
{
    /// <summary>Of their resource names.</summary>
    public const string Collection = "dicomPeers";

    private const int MaximumPeers = 1000;

    public override async Task<DicomPeer> CreateDicomPeer(CreateDicomPeerRequest request, ServerCallContext context)
    {
        var peer = request.DicomPeer ?? throw MeshErrors.Invalid("dicom_peer", "is missing");
        var owner = ResourceName.Parse("accounts", peer.Owner, "dicom_peer.owner");
        var row = PeerRules.RowOf(peer, owner, time.GetDatabaseNow());
        var account = await accounts.FindAsync(owner, context.CancellationToken) ?? throw MeshErrors.NotFound(peer.Owner);
        if (!MayStore(account)) throw MeshErrors.Invalid("dicom_peer.owner", "must be a health professional or a researcher");

        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        if (await database.DicomPeers.CountAsync(context.CancellationToken) >= MaximumPeers) throw MeshErrors.Limit("the number of DICOM peers", MaximumPeers);
        database.DicomPeers.Add(row);
        try
        {
            await database.SaveChangesAsync(context.CancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw MeshErrors.AlreadyExists(Collection, "There is a peer with this calling AE title. Remove it first.");
        }

        return PeerRules.ToProto(row);
    }

    public override async Task<ListDicomPeersResponse> ListDicomPeers(ListDicomPeersRequest request, ServerCallContext context)
    {
        var size = Paging.Size(request.PageSize);
        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        var query = database.DicomPeers.AsNoTracking();
        if (Paging.DecodeNewest(request.PageToken) is var (before, last))
        {
            query = query.Where(p => p.CreateTime < before || (p.CreateTime == before && p.Id.CompareTo(last) < 0));
        }

        var rows = await query.OrderByDescending(p => p.CreateTime).ThenByDescending(p => p.Id).Take(size + 1).ToListAsync(context.CancellationToken);
        var response = new ListDicomPeersResponse { DicomPeers = { rows.Take(size).Select(PeerRules.ToProto) } };
        if (rows.Count > size) response.NextPageToken = Paging.EncodeNewest(rows[size - 1].CreateTime, rows[size - 1].Id);
        return response;
    }

    public override async Task<Empty> DeleteDicomPeer(DeleteDicomPeerRequest request, ServerCallContext context)
    {
        var id = ResourceName.Parse(Collection, request.Name);
        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        var deleted = await database.DicomPeers.Where(p => p.Id == id).ExecuteDeleteAsync(context.CancellationToken);
        return deleted > 0 ? new Empty() : throw MeshErrors.NotFound(request.Name);
    }

    private static bool MayStore(AccountRow account) => (Role)account.Role is Role.HealthProfessional or Role.Researcher;
}
