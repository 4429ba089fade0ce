using System.Text.Json;
using MedCloudCare.Auth.V1;

namespace MedCloudCare.Gateway.Session;

/// <summary>GET /.well-known/jwks.json: the public keys of access tokens as a JWK Set (RFC 7517 §5).</summary>
internal static class SigningKeysEndpoint
{
    public static void MapSigningKeys(this IEndpointRouteBuilder app)
    {
        var auth = app.ServiceProvider.GetRequiredService<AuthService.AuthServiceClient>();
        app.MapGet("/.well-known/jwks.json", async (HttpContext http) =>
        {
            var keys = await auth.GetSigningKeysAsync(new GetSigningKeysRequest(), cancellationToken: http.RequestAborted);
            http.Response.Headers.CacheControl = "public, max-age=300";
            http.Response.ContentType = "application/jwk-set+json";
            await http.Response.WriteAsync(
                JsonSerializer.Serialize(new { keys = keys.Keys.Select(k => new { k.Kid, k.Kty, k.Crv, k.X, k.Y, k.Alg, k.Use }) }, JsonSerializerOptions.Web),
                http.RequestAborted);
        });
    }
}
