using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace MedCloudCare.IntegrationTests.Platform;

[Collection(MeshCollection.Name)]
public sealed class TokenTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_token_of_another_issuer_is_refused_over_gRPC_and_REST()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var genuine = new JsonWebToken(user.Token);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        // The same claims and even the same key id, signed by a stranger.
        var forged = Sign(genuine, new SigningCredentials(new ECDsaSecurityKey(key) { KeyId = genuine.Kid }, SecurityAlgorithms.EcdsaSha256));
        await AssertRefusedAsync(user, forged);
    }

    [Fact]
    public async Task A_token_signed_with_the_public_key_as_a_shared_secret_is_refused()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var genuine = new JsonWebToken(user.Token);
        var keys = await user.Auth.GetSigningKeysAsync(new GetSigningKeysRequest());
        var secret = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(keys.Keys[0].X + keys.Keys[0].Y)) { KeyId = genuine.Kid };
        await AssertRefusedAsync(user, Sign(genuine, new SigningCredentials(secret, SecurityAlgorithms.HmacSha256)));
    }

    [Fact]
    public async Task An_unsigned_token_and_a_changed_one_are_refused()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var parts = user.Token.Split('.');
        var none = Base64UrlEncoder.Encode("""{"alg":"none","typ":"at+jwt"}""");
        await AssertRefusedAsync(user, $"{none}.{parts[1]}.");
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace("researcher", "administrator", StringComparison.Ordinal);
        await AssertRefusedAsync(user, $"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}");
        await AssertRefusedAsync(user, "not-a-token");
    }

    [Fact]
    public async Task A_delegation_is_worth_nothing_in_the_hands_of_a_user()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await user.Auth.CreateDelegationAsync(
            new CreateDelegationRequest { Resources = { "series/1.2.3" } }, user.Headers));
        Assert.True(MeshErrors.Is(error, Reason.NotPermitted));

        // The gateway passes no delegation in from outside, so this call arrives without any token.
        error = await Assert.ThrowsAsync<RpcException>(async () => await user.Studies.LookupSeriesAsync(
            new LookupSeriesRequest { SeriesInstanceUid = "1.2.3" }, MeshHeaders.Delegation(user.Token)));
        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
    }

    private static string Sign(JsonWebToken like, SigningCredentials credentials) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        TokenType = like.Typ,
        Issuer = like.Issuer,
        Audience = like.Audiences.Single(),
        IssuedAt = like.IssuedAt,
        Expires = like.ValidTo,
        Claims = new Dictionary<string, object> { ["sub"] = like.Subject, ["role"] = "administrator", ["state"] = "active" },
        SigningCredentials = credentials,
    });

    private async Task AssertRefusedAsync(TestUser user, string token)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await user.Auth.GetMeAsync(new GetMeRequest(), MeshHeaders.Bearer(token)));
        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.True(MeshErrors.Is(error, Reason.TokenInvalid));

        using var client = mesh.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.GetAsync(new Uri("/v1/me", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        var status = await response.Content.ReadFromJsonAsync<JsonElement>();
        var info = status.GetProperty("details")[0];
        Assert.Equal("type.googleapis.com/google.rpc.ErrorInfo", info.GetProperty("@type").GetString());
        Assert.Equal("TOKEN_INVALID", info.GetProperty("reason").GetString());
        Assert.Equal("medcloudcare", info.GetProperty("domain").GetString());
    }
}
