using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace MedCloudCare.Accounts.Tokens;

/// <summary>A signed token and when it ends.</summary>
public readonly record struct IssuedToken(string Text, DateTimeOffset ExpireTime);

/// <summary>Signs access tokens (RFC 9068) and delegations (RFC 8693 §4.1) with ES256.</summary>
public sealed class TokenIssuer(SigningKeyRing keys, IOptions<AuthOptions> options, TimeProvider time)
{
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The access token of an account.</summary>
    public Task<IssuedToken> AccessAsync(Guid account, Role role, bool active, CancellationToken cancellation) =>
        SignAsync(
            TokenClaims.AccessType,
            account,
            role,
            options.Value.AccessTokenLifetime,
            new() { [TokenClaims.State] = active ? TokenClaims.Active : TokenClaims.Pending },
            cancellation);

    /// <summary>A delegation of an account to a service, for some resources; of a job's lifetime unless another is given.</summary>
    public Task<IssuedToken> DelegationAsync(
        Guid account, Role role, string service, IReadOnlyCollection<string> resources, CancellationToken cancellation, TimeSpan? lifetime = null) =>
        SignAsync(
            TokenClaims.DelegationType,
            account,
            role,
            lifetime ?? options.Value.DelegationLifetime,
            new()
            {
                [TokenClaims.Actor] = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = service },
                [TokenClaims.Resources] = resources.ToArray(),
            },
            cancellation);

    private async Task<IssuedToken> SignAsync(string type, Guid account, Role role, TimeSpan lifetime, Dictionary<string, object> claims, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        claims[JwtRegisteredClaimNames.Sub] = account.ToString("D");
        claims[JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString("n");
        claims[TokenClaims.Role] = TokenClaims.NameOf(role);
        var text = handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = type,
            Issuer = keys.Issuer,
            Audience = TokenClaims.Audience,
            IssuedAt = now.UtcDateTime,
            Expires = (now + lifetime).UtcDateTime,
            Claims = claims,
            SigningCredentials = new SigningCredentials(await keys.CurrentAsync(cancellation), SecurityAlgorithms.EcdsaSha256),
        });
        return new IssuedToken(text, now + lifetime);
    }
}
