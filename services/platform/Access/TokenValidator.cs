using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace MedCloudCare.Platform.Access;

/// <summary>What a good token says.</summary>
internal readonly record struct ValidatedToken(Caller Caller, bool Approved);

/// <summary>Checks tokens by auth's published keys: ES256 only, issuer, audience, type, time.</summary>
internal sealed class TokenValidator(SigningKeyCache keys)
{
    private const int MaximumLength = 8192;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler handler = new() { MaximumTokenSizeInBytes = MaximumLength, MapInboundClaims = false };

    public async ValueTask<ValidatedToken> ValidateAccessAsync(string text, string peer, CancellationToken cancellation)
    {
        var token = await ValidateAsync(text, TokenClaims.AccessType, cancellation);
        var caller = Identify(token) with { Peer = peer };
        return new ValidatedToken(caller, Claim(token, TokenClaims.State) == TokenClaims.Active);
    }

    /// <summary>A delegation is good only in the hands of the service that it names.</summary>
    public async ValueTask<ValidatedToken> ValidateDelegationAsync(string text, string peer, CancellationToken cancellation)
    {
        var token = await ValidateAsync(text, TokenClaims.DelegationType, cancellation);
        if (!token.TryGetPayloadValue<JsonElement>(TokenClaims.Actor, out var actor)
            || actor.ValueKind != JsonValueKind.Object
            || !actor.TryGetProperty("sub", out var service)
            || service.GetString() != peer)
        {
            throw MeshErrors.TokenInvalid("The delegation was given to another service.");
        }

        if (!token.TryGetPayloadValue<string[]>(TokenClaims.Resources, out var resources))
        {
            throw MeshErrors.TokenInvalid("The delegation names no resources.");
        }

        return new ValidatedToken(Identify(token) with { Peer = peer, Delegation = new Delegation(resources) }, Approved: true);
    }

    private static Caller Identify(JsonWebToken token)
    {
        var role = TokenClaims.RoleOf(Claim(token, TokenClaims.Role));
        return role != Role.Unspecified && Guid.TryParse(token.Subject, out var account)
            ? new Caller { AccountId = account, Role = role }
            : throw MeshErrors.TokenInvalid("The token names no account.");
    }

    private static string? Claim(JsonWebToken token, string name) => token.TryGetPayloadValue<string>(name, out var value) ? value : null;

    private async ValueTask<JsonWebToken> ValidateAsync(string text, string type, CancellationToken cancellation)
    {
        if (text.Length > MaximumLength || !handler.CanReadToken(text))
        {
            throw MeshErrors.TokenInvalid("The token is malformed.");
        }

        JsonWebToken unverified;
        try
        {
            unverified = handler.ReadJsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            throw MeshErrors.TokenInvalid("The token is malformed.");
        }

        var result = await handler.ValidateTokenAsync(unverified, new TokenValidationParameters
        {
            ValidIssuer = keys.Issuer,
            ValidAudience = TokenClaims.Audience,
            ValidTypes = [type],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeys = await keys.GetAsync(unverified.Kid, cancellation),
            TryAllIssuerSigningKeys = false,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            ClockSkew = ClockSkew,
        });
        if (!result.IsValid)
        {
            throw MeshErrors.TokenInvalid(result.Exception is SecurityTokenExpiredException
                ? "The token has expired. Refresh the session."
                : "The token is not one of this system's.");
        }

        return (JsonWebToken)result.SecurityToken;
    }
}
