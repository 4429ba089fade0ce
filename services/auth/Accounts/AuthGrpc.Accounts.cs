using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Accounts;

public sealed partial class AuthGrpc
{
    private const string Collection = "accounts";
    private const int MaximumResolved = 100;

    public override async Task<Account> GetMe(GetMeRequest request, ServerCallContext context)
    {
        var row = await accounts.FindAsync(context.Caller().AccountId, context.CancellationToken)
            ?? throw MeshErrors.TokenInvalid("The account no longer exists.");
        return seal.ToAccount(row);
    }

    public override async Task<ListAccountsResponse> ListAccounts(ListAccountsRequest request, ServerCallContext context)
    {
        var size = Paging.Size(request.PageSize);
        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        var query = database.Accounts.AsNoTracking();
        if (request.State != Account.Types.State.Unspecified)
        {
            var state = (short)request.State;
            query = query.Where(a => a.State == state);
        }

        if (Paging.DecodeNewest(request.PageToken) is var (time, last))
        {
            query = query.Where(a => a.CreateTime < time || (a.CreateTime == time && a.Id.CompareTo(last) < 0));
        }

        var rows = await query.OrderByDescending(a => a.CreateTime).ThenByDescending(a => a.Id).Take(size + 1).ToListAsync(context.CancellationToken);
        var response = new ListAccountsResponse { Accounts = { rows.Take(size).Select(seal.ToAccount) } };
        if (rows.Count > size)
        {
            var end = rows[size - 1];
            response.NextPageToken = Paging.EncodeNewest(end.CreateTime, end.Id);
        }

        return response;
    }

    public override async Task<Account> ApproveAccount(ApproveAccountRequest request, ServerCallContext context)
    {
        var id = ResourceName.Parse(Collection, request.Name);
        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        await database.Accounts
            .Where(a => a.Id == id && a.State == (short)Account.Types.State.Pending)
            .ExecuteUpdateAsync(u => u.SetProperty(a => a.State, (short)Account.Types.State.Active), context.CancellationToken);
        var row = await accounts.FindAsync(id, context.CancellationToken) ?? throw MeshErrors.NotFound(request.Name);
        return row.State == (short)Account.Types.State.Active
            ? seal.ToAccount(row)
            : throw MeshErrors.Of(StatusCode.FailedPrecondition, Reason.StateConflict, "The account is suspended; it cannot be approved.");
    }

    public override async Task<ResolveAccountsResponse> ResolveAccounts(ResolveAccountsRequest request, ServerCallContext context)
    {
        if (request.Names.Count + request.Emails.Count > MaximumResolved)
        {
            throw MeshErrors.Limit("accounts in one call", MaximumResolved);
        }

        var ids = request.Names.Select(n => ResourceName.Parse(Collection, n, "names")).ToList();
        var keys = request.Emails.Select(seal.EmailKey).ToList();
        await using var database = await contexts.CreateDbContextAsync(context.CancellationToken);
        var rows = await database.Accounts.AsNoTracking()
            .Where(a => ids.Contains(a.Id) || keys.Contains(a.EmailKey))
            .ToListAsync(context.CancellationToken);
        return new ResolveAccountsResponse { Accounts = { rows.Select(seal.ToAccount) } };
    }
}
