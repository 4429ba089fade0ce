using Grpc.Core;
using MedCloudCare.Auth.V1;
using Microsoft.IdentityModel.Tokens;

namespace MedCloudCare.Platform.Access;

/// <summary>Where the public keys of tokens come from: auth itself knows them, everybody else asks auth.</summary>
public interface ISigningKeySource
{
    /// <summary>The issuer that tokens must name.</summary>
    string Issuer { get; }

    /// <summary>The keys in force.</summary>
    Task<IReadOnlyList<SecurityKey>> FetchAsync(CancellationToken cancellation);
}

/// <summary>Asks the auth service.</summary>
internal sealed class MeshSigningKeySource(AuthService.AuthServiceClient auth) : ISigningKeySource
{
    public string Issuer => TokenClaims.Audience;

    public async Task<IReadOnlyList<SecurityKey>> FetchAsync(CancellationToken cancellation)
    {
        var keys = await auth.GetSigningKeysAsync(new GetSigningKeysRequest(), deadline: DateTime.UtcNow.AddSeconds(5), cancellationToken: cancellation);
        return [.. keys.Keys.Select(k => new JsonWebKey { Kid = k.Kid, Kty = k.Kty, Crv = k.Crv, X = k.X, Y = k.Y, Alg = k.Alg, Use = k.Use })];
    }
}

/// <summary>
/// Keeps the published keys. They are fetched again when they are old or when a token names an unknown one, but at most once
/// in a few seconds, so that forged key ids cannot flood auth; while auth is away the known keys stay in use.
/// </summary>
internal sealed class SigningKeyCache(ISigningKeySource source, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan MaximumAge = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MinimumInterval = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim gate = new(1, 1);
    private IReadOnlyList<SecurityKey> keys = [];
    private DateTimeOffset fetched = DateTimeOffset.MinValue;

    public string Issuer => source.Issuer;

    public async ValueTask<IReadOnlyList<SecurityKey>> GetAsync(string? kid, CancellationToken cancellation)
    {
        if (IsCurrent(kid))
        {
            return keys;
        }

        await gate.WaitAsync(cancellation);
        try
        {
            if (!IsCurrent(kid) && (keys.Count == 0 || time.GetUtcNow() - fetched > MinimumInterval))
            {
                keys = await source.FetchAsync(cancellation);
                fetched = time.GetUtcNow();
            }
        }
        catch (RpcException) when (keys.Count > 0)
        {
            fetched = time.GetUtcNow();
        }
        finally
        {
            gate.Release();
        }

        return keys;
    }

    public void Dispose() => gate.Dispose();

    private bool IsCurrent(string? kid) => time.GetUtcNow() - fetched < MaximumAge && keys.Any(k => k.KeyId == kid);
}
