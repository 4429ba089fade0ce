using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using MedCloudCare.Accounts.Data;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Accounts.Sessions;

/// <summary>A new refresh token, shown once.</summary>
public readonly record struct RefreshToken(string Text, DateTimeOffset ExpireTime);

/// <summary>
/// Refresh tokens: opaque, kept hashed, rotated at each use. A token used twice ends its session (RFC 9700 §4.14.2), save for
/// <see cref="RaceWindow"/> after its rotation, in which two tabs of one browser may have sent the same one; then nothing is
/// given out, and the loser repeats with the winner's cookie.
/// </summary>
public sealed class SessionStore(IDbContextFactory<AccountsContext> contexts, IOptions<AuthOptions> options, TimeProvider time)
{
    private const int TokenLength = 32;
    private static readonly TimeSpan RaceWindow = TimeSpan.FromSeconds(10);

    /// <summary>Starts a session.</summary>
    public async Task<RefreshToken> StartAsync(Guid account, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var session = new SessionRow { Id = Guid.CreateVersion7(), AccountId = account, CreateTime = time.GetUtcNow() };
        context.Sessions.Add(session);
        var token = Issue(context, session.Id);
        await context.SaveChangesAsync(cancellation);
        return token;
    }

    /// <summary>Spends a token for the next one.</summary>
    /// <exception cref="RpcException">TOKEN_INVALID, REFRESH_TOKEN_REUSED, REFRESH_TOKEN_RACED</exception>
    public async Task<(Guid Account, RefreshToken Token)> RotateAsync(string text, CancellationToken cancellation)
    {
        var hash = Hash(text);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var now = time.GetUtcNow();

        // 1. Whoever turns the row from unspent to spent has won; everybody else sees it spent.
        var won = await context.RefreshTokens
            .Where(t => t.TokenHash == hash && t.SpentTime == null && t.ExpireTime > now)
            .ExecuteUpdateAsync(u => u.SetProperty(t => t.SpentTime, now), cancellation) == 1;
        var found = await context.RefreshTokens.AsNoTracking()
            .Where(t => t.TokenHash == hash)
            .Join(context.Sessions, t => t.SessionId, s => s.Id, (t, s) => new { Token = t, Session = s })
            .SingleOrDefaultAsync(cancellation);
        if (found is null || found.Session.EndTime is not null)
        {
            throw MeshErrors.TokenInvalid("The session has ended. Sign in again.");
        }

        // 2. The loser of a race is told so; a late second use is theft of one of the two, and ends both.
        if (!won)
        {
            if (found.Token.SpentTime is null)
            {
                throw MeshErrors.TokenInvalid("The session has expired. Sign in again.");
            }

            if (now - found.Token.SpentTime < RaceWindow)
            {
                throw MeshErrors.Of(StatusCode.Aborted, Reason.RefreshTokenRaced, "Another tab has just refreshed this session. Repeat with the new token.");
            }

            await context.Sessions.Where(s => s.Id == found.Session.Id).ExecuteUpdateAsync(u => u.SetProperty(s => s.EndTime, now), cancellation);
            await transaction.CommitAsync(cancellation);
            throw MeshErrors.Of(StatusCode.Unauthenticated, Reason.RefreshTokenReused, "A refresh token was used twice, so the session was ended. Sign in again.");
        }

        // 3. The successor.
        var token = Issue(context, found.Session.Id);
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return (found.Session.AccountId, token);
    }

    /// <summary>Ends the session of a token; nothing happens for an unknown one.</summary>
    public async Task EndAsync(string text, CancellationToken cancellation)
    {
        var hash = Hash(text);
        var now = time.GetUtcNow();
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await context.Sessions
            .Where(s => s.EndTime == null && context.RefreshTokens.Any(t => t.TokenHash == hash && t.SessionId == s.Id))
            .ExecuteUpdateAsync(u => u.SetProperty(s => s.EndTime, now), cancellation);
    }

    private RefreshToken Issue(AccountsContext context, Guid session)
    {
        var text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenLength));
        var expire = time.GetUtcNow() + options.Value.RefreshTokenLifetime;
        context.RefreshTokens.Add(new RefreshTokenRow { TokenHash = Hash(text), SessionId = session, ExpireTime = expire });
        return new RefreshToken(text, expire);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
