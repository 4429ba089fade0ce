using System.Security.Cryptography;
using MedCloudCare.Accounts.Data;
using MedCloudCare.Auth.V1;
using MedCloudCare.Platform.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace MedCloudCare.Accounts.Tokens;

/// <summary>The P-256 keys that sign tokens. The first is made on first use; replicas agree on it.</summary>
public sealed class SigningKeyRing(IDbContextFactory<AccountsContext> contexts, AccountSeal seal, NpgsqlDataSource database, TimeProvider time) : ISigningKeySource, IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private IReadOnlyList<ECDsaSecurityKey>? keys;

    public string Issuer => TokenClaims.Audience;

    /// <summary>The newest key, which signs.</summary>
    public async ValueTask<ECDsaSecurityKey> CurrentAsync(CancellationToken cancellation) => (await LoadAsync(cancellation))[0];

    public async Task<IReadOnlyList<SecurityKey>> FetchAsync(CancellationToken cancellation) => await LoadAsync(cancellation);

    /// <summary>The public halves, as JWKs.</summary>
    public async Task<Auth.V1.SigningKeys> PublishAsync(CancellationToken cancellation)
    {
        var published = new Auth.V1.SigningKeys();
        foreach (var key in await LoadAsync(cancellation))
        {
            var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
            published.Keys.Add(new Auth.V1.SigningKeys.Types.Key
            {
                Kid = key.KeyId,
                Kty = "EC",
                Crv = "P-256",
                X = Base64UrlEncoder.Encode(point.X),
                Y = Base64UrlEncoder.Encode(point.Y),
                Alg = SecurityAlgorithms.EcdsaSha256,
                Use = "sig",
            });
        }

        return published;
    }

    public void Dispose()
    {
        gate.Dispose();
        foreach (var key in keys ?? [])
        {
            key.ECDsa.Dispose();
        }
    }

    private async ValueTask<IReadOnlyList<ECDsaSecurityKey>> LoadAsync(CancellationToken cancellation)
    {
        if (keys is not null)
        {
            return keys;
        }

        await gate.WaitAsync(cancellation);
        try
        {
            return keys ??= await ReadOrCreateAsync(cancellation);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<IReadOnlyList<ECDsaSecurityKey>> ReadOrCreateAsync(CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var rows = await ReadAsync(context, cancellation);
        if (rows.Count == 0)
        {
            await InsertFirstAsync(cancellation);
            rows = await ReadAsync(context, cancellation);
        }

        return [.. rows.Select(Open)];
    }

    private static Task<List<SigningKeyRow>> ReadAsync(AccountsContext context, CancellationToken cancellation) =>
        context.SigningKeys.AsNoTracking().OrderByDescending(k => k.CreateTime).ToListAsync(cancellation);

    private async Task InsertFirstAsync(CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = Guid.CreateVersion7();
        var secret = key.ExportPkcs8PrivateKey();
        await using var command = database.CreateCommand(
            """
            WITH turn AS (SELECT pg_advisory_xact_lock(hashtext('auth.signing_keys')))
            INSERT INTO auth.signing_keys (id, private_key, create_time)
            SELECT $1, $2, $3 FROM turn WHERE NOT EXISTS (SELECT FROM auth.signing_keys)
            """);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = seal.SealKey(secret, id) });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await command.ExecuteNonQueryAsync(cancellation);
        CryptographicOperations.ZeroMemory(secret);
    }

    private ECDsaSecurityKey Open(SigningKeyRow row)
    {
        var secret = seal.OpenKey(row);
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(secret, out _);
        CryptographicOperations.ZeroMemory(secret);
        return new ECDsaSecurityKey(key) { KeyId = row.Id.ToString("n") };
    }
}
