using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace MedCloudCare.Gateway.Session;

/// <summary>
/// The browser's session. The refresh token lives in an HttpOnly cookie that only /session sees; pages get access tokens and
/// keep them in memory. Against forged requests: SameSite=Strict, a header that no other origin may send, and Origin.
/// </summary>
internal sealed class SessionEndpoints(AuthService.AuthServiceClient auth)
{
    public const string CookieName = "mcc_session";
    public const string ClientHeader = "X-MCC-Client";
    private const int MaxBody = 4096;

    public static void Map(IEndpointRouteBuilder app)
    {
        var session = app.ServiceProvider.GetRequiredService<SessionEndpoints>();
        app.MapPost("/session", session.SignInAsync);
        app.MapPost("/session/refresh", session.RefreshAsync);
        app.MapDelete("/session", session.SignOutAsync);
    }

    private async Task SignInAsync(HttpContext http)
    {
        RequireSameOrigin(http.Request);
        var request = await ReadCredentialsAsync(http);
        await AnswerAsync(http, await auth.SignInAsync(request, cancellationToken: http.RequestAborted));
    }

    private async Task RefreshAsync(HttpContext http)
    {
        RequireSameOrigin(http.Request);
        if (http.Request.Cookies[CookieName] is not { Length: > 0 } token) throw MeshErrors.TokenInvalid("There is no session.");
        try
        {
            await AnswerAsync(http, await auth.RefreshSessionAsync(new RefreshSessionRequest { RefreshToken = token }, cancellationToken: http.RequestAborted));
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied)
        {
            // The session is over; a cookie that would only fail again goes with it.
            http.Response.OnStarting(() =>
            {
                Forget(http);
                return Task.CompletedTask;
            });
            throw;
        }
    }

    private async Task SignOutAsync(HttpContext http)
    {
        RequireSameOrigin(http.Request);
        if (http.Request.Cookies[CookieName] is { Length: > 0 } token) await auth.SignOutAsync(new SignOutRequest { RefreshToken = token }, cancellationToken: http.RequestAborted);
        Forget(http);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task AnswerAsync(HttpContext http, SessionTokens tokens)
    {
        var cookie = CookieOf(http);
        cookie.Expires = tokens.RefreshExpireTime.ToDateTimeOffset();
        http.Response.Cookies.Append(CookieName, tokens.RefreshToken, cookie);
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentType = "application/json";
        using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("accessToken", tokens.AccessToken);
        json.WriteString("expiresAt", tokens.AccessExpireTime.ToDateTimeOffset());
        json.WritePropertyName("account");
        json.WriteRawValue(JsonFormatter.Default.Format(tokens.Account));
        json.WriteEndObject();
        await json.FlushAsync(http.RequestAborted);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static void Forget(HttpContext http) => http.Response.Cookies.Delete(CookieName, CookieOf(http));

    private static CookieOptions CookieOf(HttpContext http) => new()
    {
        Path = "/session",
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = http.Request.IsHttps,
        IsEssential = true,
    };

    /// <summary>Refuses what another origin's page, or a form, could have sent.</summary>
    /// <exception cref="RpcException">NOT_PERMITTED.</exception>
    public static void RequireSameOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        var isSame = origin.Count == 0 || (origin.Count == 1 && Uri.TryCreate(origin[0], UriKind.Absolute, out var uri)
            && uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
        var site = request.Headers["Sec-Fetch-Site"];
        if (!isSame || (site.Count > 0 && site[0] is not ("same-origin" or "none")) || request.Headers[ClientHeader] != "web")
        {
            throw MeshErrors.NotPermitted("Sessions are for pages of this origin only.");
        }
    }

    /// <summary>Reads <c>{"email":"…","password":"…"}</c>.</summary>
    private static async Task<SignInRequest> ReadCredentialsAsync(HttpContext http)
    {
        // A form cannot send this type without asking first.
        if (!http.Request.HasJsonContentType()) throw new UnsupportedBodyException("This address takes application/json.");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = MaxBody;
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return new SignInRequest { Email = Text(body.RootElement, "email"), Password = Text(body.RootElement, "password") };
        }
        catch (JsonException)
        {
            throw MeshErrors.Invalid("body", "not a JSON object");
        }

        static string Text(JsonElement body, string name) =>
            body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw MeshErrors.Invalid(name, "a text is needed");
    }
}
