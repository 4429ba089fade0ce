using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Gateway.Hosting;
using MedCloudCare.Gateway.Session;
using MedCloudCare.Gateway.StaticSite;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace MedCloudCare.Gateway.Tests;

public sealed class ErrorTests
{
    public static TheoryData<RpcException, int, string> Known => new()
    {
        { MeshErrors.NotFound("studies/7"), 404, "NOT_FOUND" },
        { MeshErrors.Invalid("limit", "not a number"), 400, "FIELD_INVALID" },
        { MeshErrors.TokenInvalid("no token"), 401, "TOKEN_INVALID" },
        { MeshErrors.NotPermitted("no"), 403, "NOT_PERMITTED" },
        { MeshErrors.Limit("parts", 10), 413, "LIMIT_EXCEEDED" },
        { MeshErrors.RateLimited("slow down", TimeSpan.FromSeconds(2.5)), 429, "RATE_LIMITED" },
        { MeshErrors.Unavailable("down"), 503, "SERVICE_UNAVAILABLE" },
        { MeshErrors.Of(StatusCode.Unimplemented, Reason.NotAcceptable, "no"), 406, "NOT_ACCEPTABLE" },
        { MeshErrors.Of(StatusCode.DataLoss, Reason.SealBroken, "broken"), 500, "SEAL_BROKEN" },
        { MeshErrors.Of(StatusCode.Aborted, Reason.RefreshTokenRaced, "raced"), 409, "REFRESH_TOKEN_RACED" },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public async Task A_typed_error_keeps_its_reason_over_http(RpcException error, int status, string reason)
    {
        var http = await RunAsync(_ => throw error);
        Assert.Equal(status, http.Response.StatusCode);
        using var body = await BodyOf(http);
        Assert.Equal((int)error.StatusCode, body.RootElement.GetProperty("code").GetInt32());
        var info = body.RootElement.GetProperty("details")[0];
        Assert.Equal("type.googleapis.com/google.rpc.ErrorInfo", info.GetProperty("@type").GetString());
        Assert.Equal((reason, "medcloudcare"), (info.GetProperty("reason").GetString(), info.GetProperty("domain").GetString()));
        Assert.Equal(status == 429 ? "3" : null, (string?)http.Response.Headers.RetryAfter);
        Assert.Equal(status == 401 ? "Bearer" : null, (string?)http.Response.Headers.WWWAuthenticate);
    }

    [Theory]
    [MemberData(nameof(Known))]
    public async Task A_typed_error_keeps_its_reason_over_gRPC(RpcException error, int status, string reason)
    {
        var http = await RunAsync(_ => throw error, "application/grpc");
        Assert.Equal((200, "application/grpc"), (http.Response.StatusCode, http.Response.ContentType));
        Assert.NotEqual(200, status);
        Assert.Equal(((int)error.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture), (string?)http.Response.Headers.GrpcStatus);
        var details = Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(http.Response.Headers["grpc-status-details-bin"]!));
        Assert.Equal(reason, details.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
        Assert.Equal(0, http.Response.Body.Length);
    }

    [Fact]
    public async Task A_method_that_is_not_passed_on_is_unimplemented_to_a_gRPC_client()
    {
        var http = await RunAsync(c =>
        {
            c.Response.StatusCode = 404;
            return Task.CompletedTask;
        }, "application/grpc");
        Assert.Equal("12", (string?)http.Response.Headers.GrpcStatus);
    }

    [Fact]
    public async Task An_unexpected_failure_says_nothing_of_its_cause()
    {
        var http = await RunAsync(_ => throw new InvalidOperationException("SECRET"));
        Assert.Equal(500, http.Response.StatusCode);
        using var body = await BodyOf(http);
        Assert.DoesNotContain("SECRET", body.RootElement.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("INTERNAL", body.RootElement.GetProperty("details")[0].GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData(404, "NOT_FOUND")]
    [InlineData(405, "NOT_SUPPORTED")]
    [InlineData(413, "LIMIT_EXCEEDED")]
    [InlineData(400, "FIELD_INVALID")]
    [InlineData(503, "SERVICE_UNAVAILABLE")]
    public async Task A_bare_status_of_the_framework_gets_a_typed_body(int status, string reason)
    {
        var http = await RunAsync(c =>
        {
            c.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        Assert.Equal(status, http.Response.StatusCode);
        using var body = await BodyOf(http);
        Assert.Equal(reason, body.RootElement.GetProperty("details")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task An_unsupported_body_is_415() => Assert.Equal(415, (await RunAsync(_ => throw new UnsupportedBodyException("json only"))).Response.StatusCode);

    [Theory]
    [InlineData("http://localhost:8080", null, "web", true)]
    [InlineData(null, "same-origin", "web", true)]
    [InlineData(null, null, "web", true)]
    [InlineData(null, null, null, false)]
    [InlineData("http://localhost:8080", null, "other", false)]
    [InlineData("http://evil.example", null, "web", false)]
    [InlineData("http://localhost:9090", null, "web", false)]
    [InlineData("null", null, "web", false)]
    [InlineData(null, "cross-site", "web", false)]
    [InlineData(null, "same-site", "web", false)]
    public void A_session_is_opened_for_pages_of_the_same_origin_only(string? origin, string? site, string? client, bool allowed)
    {
        var request = new DefaultHttpContext().Request;
        request.Host = new HostString("localhost", 8080);
        if (origin is not null) request.Headers.Origin = origin;
        if (site is not null) request.Headers["Sec-Fetch-Site"] = site;
        if (client is not null) request.Headers[SessionEndpoints.ClientHeader] = client;
        if (allowed) SessionEndpoints.RequireSameOrigin(request);
        else Assert.True(MeshErrors.Is(Assert.Throws<RpcException>(() => SessionEndpoints.RequireSameOrigin(request)), Reason.NotPermitted));
    }

    [Theory]
    [InlineData("/session", true)]
    [InlineData("/v1/sessions:refresh", true)]
    [InlineData("/v1/accounts:register", true)]
    [InlineData("/medcloudcare.auth.v1.AuthService/SignIn", true)]
    [InlineData("/v1/studies", false)]
    public void Sign_ins_are_counted_apart(string path, bool isAboutAccounts) => Assert.Equal(isAboutAccounts, RateLimits.IsAboutAccounts(path));

    [Fact]
    public void Addresses_of_one_ipv6_network_count_as_one()
    {
        Assert.Equal(RateLimits.KeyOf(System.Net.IPAddress.Parse("2001:db8:1:2::1")), RateLimits.KeyOf(System.Net.IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.NotEqual(RateLimits.KeyOf(System.Net.IPAddress.Parse("2001:db8:1:2::1")), RateLimits.KeyOf(System.Net.IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Equal("127.0.0.1", RateLimits.KeyOf(System.Net.IPAddress.Parse("::ffff:127.0.0.1")));
    }

    [Fact]
    public void The_viewers_inline_scripts_are_allowed_by_their_hashes_only()
    {
        var policy = ContentPolicies.OfViewer("<script>alert(1)</script><script defer src=\"/x.js\"></script><script type=\"module\">a</script>");
        Assert.Contains("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='", policy, StringComparison.Ordinal);
        Assert.Equal(2, policy.Split("'sha256-").Length - 1);
        var scripts = policy.Split(';').Single(directive => directive.TrimStart().StartsWith("script-src ", StringComparison.Ordinal));
        Assert.DoesNotContain("'unsafe-inline'", scripts, StringComparison.Ordinal);
    }

    private static async Task<HttpContext> RunAsync(RequestDelegate handler, string? contentType = null)
    {
        var http = new DefaultHttpContext();
        http.Request.ContentType = contentType;
        http.Response.Body = new MemoryStream();
        await new ErrorResponses(handler, NullLogger<ErrorResponses>.Instance).InvokeAsync(http);
        return http;
    }

    private static async Task<JsonDocument> BodyOf(HttpContext http)
    {
        http.Response.Body.Position = 0;
        return await JsonDocument.ParseAsync(http.Response.Body);
    }
}
