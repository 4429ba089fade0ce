using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1Alpha;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Platform;

/// <summary>What only the mesh's operator may ask: metrics, health, reflection, and RPCs of the mesh's own.</summary>
[Collection(MeshCollection.Name)]
public sealed class OperationsTests(MeshFixture mesh)
{
    public static TheoryData<string> Services => ["auth", "study", "sharing", "model", "inference"];

    [Theory]
    [MemberData(nameof(Services))]
    [InlineData("gateway")]
    public async Task Metrics_are_for_the_operators_certificate(string service)
    {
        using var client = ClientAs("operator", service);
        using var response = await client.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("# TYPE ", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gateway", "study")]
    [InlineData("gateway", "auth")]
    [InlineData("inference", "auth")]
    public async Task Metrics_are_for_no_other_peer(string peer, string service)
    {
        using var client = ClientAs(peer, service);
        using var response = await client.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Metrics_are_not_for_the_public()
    {
        using var client = mesh.Client();
        using var response = await client.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);

        // The gateway's own port does not even open a connection without the operator's certificate.
        using var stranger = ClientAs("study", "gateway");
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetAsync(new Uri("/metrics", UriKind.Relative)));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Health_and_reflection_answer_the_operator(string service)
    {
        using var channel = mesh.ChannelAsOperator(service);
        var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow.AddSeconds(30));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);

        using var call = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo(deadline: DateTime.UtcNow.AddSeconds(30));
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var names = call.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name);
        Assert.Contains(names, n => n.StartsWith($"medcloudcare.{service}.v1.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_peer_that_is_no_operator_gets_neither_health_nor_reflection()
    {
        using var certificates = MeshCertificates.Load(Path.Combine(mesh.Data, "pki"), "inference");
        using var channel = GrpcChannel.ForAddress(
            mesh.AddressOf("study"), new GrpcChannelOptions { HttpHandler = MeshChannels.Handler(certificates, "study"), DisposeHttpClient = true });
        var error = await Assert.ThrowsAsync<RpcException>(async () => await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest()));
        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
    }

    [Theory]
    [InlineData("medcloudcare.auth.v1.AuthService", "ResolveAccounts")]
    [InlineData("medcloudcare.model.v1.ModelService", "WatchReplicas")]
    [InlineData("medcloudcare.pod.v1.PodService", "Infer")]
    [InlineData("grpc.health.v1.Health", "Check")]
    [InlineData("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo")]
    public async Task What_is_the_meshs_own_cannot_be_reached_from_outside(string service, string rpc)
    {
        var raw = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);
        var user = await mesh.NewUserAsync(Common.V1.Role.Administrator);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await mesh.Channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, service, rpc, raw, raw), null, new CallOptions(user.Headers, DateTime.UtcNow.AddSeconds(30)), []));
        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
        Assert.True(MeshErrors.Is(error, Common.V1.Reason.NotSupported), error.ToString());
    }

    private HttpClient ClientAs(string peer, string service)
    {
        var directory = Path.Combine(mesh.Data, "pki");
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = mesh.Trust();
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(Path.Combine(directory, peer + ".crt"), Path.Combine(directory, peer + ".key"))];
        return new HttpClient(handler) { BaseAddress = new Uri(mesh.AddressOf(service)), Timeout = TimeSpan.FromSeconds(30) };
    }
}
