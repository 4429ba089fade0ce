using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Accounts.Data;
using MedCloudCare.Accounts.Sessions;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Accounts;

public sealed partial class AuthGrpc
{
    private const int MaximumRefreshToken = 256;

    public override async Task<SessionTokens> SignIn(SignInRequest request, ServerCallContext context)
    {
        if (request.Email.Length > MaximumEmail || request.Password.Length > MaximumPassword)
        {
            throw CredentialsInvalid();
        }

        var key = seal.EmailKey(request.Email);
        await guard.CheckAsync(key, context.CancellationToken);
        var row = await accounts.FindByEmailAsync(request.Email, context.CancellationToken);
        if (!await passwords.VerifyAsync(request.Password, row?.PasswordHash, context.CancellationToken))
        {
            await guard.FailedAsync(key, context.CancellationToken);
            throw CredentialsInvalid();
        }

        await guard.SucceededAsync(key, context.CancellationToken);
        return await TokensAsync(row!, await sessions.StartAsync(row!.Id, context.CancellationToken), context.CancellationToken);
    }

    public override async Task<SessionTokens> RefreshSession(RefreshSessionRequest request, ServerCallContext context)
    {
        if (request.RefreshToken.Length is 0 or > MaximumRefreshToken)
        {
            throw MeshErrors.TokenInvalid("The refresh token is missing or malformed. Sign in again.");
        }

        var (account, token) = await sessions.RotateAsync(request.RefreshToken, context.CancellationToken);
        var row = await accounts.FindAsync(account, context.CancellationToken) ?? throw MeshErrors.TokenInvalid("The account no longer exists.");
        return await TokensAsync(row, token, context.CancellationToken);
    }

    public override async Task<Empty> SignOut(SignOutRequest request, ServerCallContext context)
    {
        if (request.RefreshToken.Length is > 0 and <= MaximumRefreshToken)
        {
            await sessions.EndAsync(request.RefreshToken, context.CancellationToken);
        }

        return new Empty();
    }

    private async Task<SessionTokens> TokensAsync(AccountRow row, RefreshToken refresh, CancellationToken cancellation)
    {
        var account = seal.ToAccount(row);
        if (account.State == Account.Types.State.Suspended)
        {
            throw MeshErrors.Of(StatusCode.PermissionDenied, Reason.AccountSuspended, "The account is suspended.");
        }

        var access = await tokens.AccessAsync(row.Id, account.Role, account.State == Account.Types.State.Active, cancellation);
        return new SessionTokens
        {
            AccessToken = access.Text,
            AccessExpireTime = Timestamp.FromDateTimeOffset(access.ExpireTime),
            RefreshToken = refresh.Text,
            RefreshExpireTime = Timestamp.FromDateTimeOffset(refresh.ExpireTime),
            Account = account,
        };
    }

    private static RpcException CredentialsInvalid() =>
        MeshErrors.Of(StatusCode.Unauthenticated, Reason.CredentialsInvalid, "The e-mail address or the password is wrong.");
}
