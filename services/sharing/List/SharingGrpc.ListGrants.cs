using Grpc.Core;
using MedCloudCare.Grants.Resources;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Sharing.V1;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Grants;

public sealed partial class SharingGrpc
{
    public override async Task<ListGrantsResponse> ListGrants(ListGrantsRequest request, ServerCallContext context)
    {
        var me = context.Caller().AccountId;
        var size = Paging.Size(request.PageSize);
        await using var grants = await contexts.CreateDbContextAsync(context.CancellationToken);
        var query = request.Received
            ? grants.Grants.AsNoTracking().Where(g => g.Grantee == me)
            : grants.Grants.AsNoTracking().Where(g => g.Grantor == me);
        if (request.Resource.Length > 0)
        {
            SharedResource.KindOf(request.Resource);
            query = query.Where(g => g.Resource == request.Resource);
        }

        if (Paging.DecodeNewest(request.PageToken) is var (time, last))
        {
            query = query.Where(g => g.CreateTime < time || (g.CreateTime == time && g.Id.CompareTo(last) < 0));
        }

        var rows = await query.OrderByDescending(g => g.CreateTime).ThenByDescending(g => g.Id).Take(size + 1).ToListAsync(context.CancellationToken);
        var names = await accounts.DisplayNamesAsync(rows.Take(size).Select(r => r.Grantee), context.CancellationToken);
        var response = new ListGrantsResponse { Grants = { rows.Take(size).Select(r => ToGrant(r, names.GetValueOrDefault(r.Grantee, ""))) } };
        if (rows.Count > size)
        {
            var end = rows[size - 1];
            response.NextPageToken = Paging.EncodeNewest(end.CreateTime, end.Id);
        }

        return response;
    }

    public override async Task<CheckAccessResponse> CheckAccess(CheckAccessRequest request, ServerCallContext context)
    {
        SharedResource.KindOf(request.Resource);
        if (request.Permission is < Permission.View or > Permission.Edit)
        {
            throw MeshErrors.Invalid("permission", "must be PERMISSION_VIEW, PERMISSION_ANNOTATE or PERMISSION_EDIT");
        }

        var me = context.Caller().AccountId;
        var wanted = (short)request.Permission;
        await using var grants = await contexts.CreateDbContextAsync(context.CancellationToken);
        return new CheckAccessResponse
        {
            Allowed = await grants.Grants.AnyAsync(g => g.Grantee == me && g.Resource == request.Resource && g.Permission >= wanted, context.CancellationToken),
        };
    }
}
