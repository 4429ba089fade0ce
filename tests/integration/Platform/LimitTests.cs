using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Platform;

/// <summary>What is over a limit or cannot be read gets a typed error over both faces, also where no handler was reached.</summary>
[Collection(MeshCollection.Name)]
public sealed class LimitTests(MeshFixture mesh)
{
    // The services take messages of 1 MiB.
    private const int TooLarge = 1_500_000;

    [Fact]
    public async Task A_page_size_below_zero_is_refused_and_one_over_the_maximum_is_cut()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await user.Studies.ListStudiesAsync(new ListStudiesRequest { PageSize = -1 }, user.Headers));
        AssertInvalid(error, "page_size");
        var (status, reason, _) = await GetAsync(user, "/v1/studies?pageSize=-1");
        Assert.Equal((HttpStatusCode.BadRequest, "FIELD_INVALID"), (status, reason));

        await user.Studies.ListStudiesAsync(new ListStudiesRequest { PageSize = int.MaxValue }, user.Headers);
        using var operators = mesh.ChannelAsOperator("auth");
        var page = await new AuthService.AuthServiceClient(operators).ListAccountsAsync(new ListAccountsRequest { PageSize = int.MaxValue });
        Assert.InRange(page.Accounts.Count, 1, Paging.MaximumSize);
    }

    [Fact]
    public async Task A_page_token_of_another_method_is_refused()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        foreach (var token in new[] { "xx", "%%%", new string('a', 10_000), Paging.Encode("1", "2", "3") })
        {
            var error = await Assert.ThrowsAsync<RpcException>(async () =>
                await user.Jobs.ListJobsAsync(new() { PageToken = token }, user.Headers));
            AssertInvalid(error, "page_token");
        }

        Assert.Equal("FIELD_INVALID", (await GetAsync(user, "/v1/jobs?pageToken=xx")).Reason);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_over_gRPC()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await user.Studies.CreateUploadAsync(new CreateUploadRequest { Study = new string('a', TooLarge) }, user.Headers));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.True(MeshErrors.Is(error, Reason.LimitExceeded), error.ToString());

        // In a stream it is one message of many.
        using var call = user.Studies.UploadInstances(user.Headers, DateTime.UtcNow.AddMinutes(1));
        await Record.ExceptionAsync(() => call.RequestStream.WriteAsync(new UploadInstancesRequest { Data = ByteString.CopyFrom(new byte[TooLarge]) }));
        error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.True(MeshErrors.Is(error, Reason.LimitExceeded), error.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_refused_over_REST(bool lengthIsDeclared)
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        using var client = user.Http();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($"{{\"study\":\"{new string('a', TooLarge)}\"}}"));
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/uploads", UriKind.Relative)) { Content = content };
        request.Headers.TransferEncodingChunked = !lengthIsDeclared;
        request.Version = lengthIsDeclared ? HttpVersion.Version20 : HttpVersion.Version11;
        using var response = await client.SendAsync(request);
        var (status, reason, _) = await ReadAsync(response);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "LIMIT_EXCEEDED"), (status, reason));
    }

    [Theory]
    [InlineData("{\"study\": ")]
    [InlineData("{\"study\": {}}")]
    [InlineData("[]")]
    public async Task A_body_that_is_not_the_contracts_is_refused_over_REST(string body)
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        using var client = user.Http();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(new Uri("/v1/uploads", UriKind.Relative), content);
        var (status, reason, message) = await ReadAsync(response);
        Assert.Equal((HttpStatusCode.BadRequest, "FIELD_INVALID"), (status, reason));
        Assert.StartsWith("request: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_that_is_not_the_contracts_is_refused_over_REST()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var (status, reason, message) = await GetAsync(user, "/v1/studies?pageSize=abc");
        Assert.Equal((HttpStatusCode.BadRequest, "FIELD_INVALID"), (status, reason));
        Assert.StartsWith("request: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_not_the_contracts_is_refused_over_gRPC()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var raw = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "medcloudcare.study.v1.StudyService", "GetStudy", raw, raw);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await mesh.Channel.CreateCallInvoker().AsyncUnaryCall(
            method, null, new CallOptions(user.Headers, DateTime.UtcNow.AddSeconds(30)), [0xff, 0xff, 0xff]));
        AssertInvalid(error, "request");
    }

    private static void AssertInvalid(RpcException error, string field)
    {
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.True(MeshErrors.TryRead(error, out var reason, out var metadata), error.ToString());
        Assert.Equal((Reason.FieldInvalid, field), (reason, metadata["field"]));
    }

    private static async Task<(HttpStatusCode Status, string? Reason, string? Message)> GetAsync(TestUser user, string path)
    {
        using var client = user.Http();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        return await ReadAsync(response);
    }

    private static async Task<(HttpStatusCode Status, string? Reason, string? Message)> ReadAsync(HttpResponseMessage response)
    {
        var status = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (response.StatusCode, status.GetProperty("details")[0].GetProperty("reason").GetString(), status.GetProperty("message").GetString());
    }
}
