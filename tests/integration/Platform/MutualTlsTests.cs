using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Platform;

[Collection(MeshCollection.Name)]
public sealed class MutualTlsTests(MeshFixture mesh)
{
    public static TheoryData<string> Services => ["auth", "study", "sharing", "model", "inference"];

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_talks_to_nobody_without_a_certificate(string service) =>
        Assert.False(await IsLetInAsync(service, null));

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_does_not_believe_the_right_name_from_another_authority(string service)
    {
        using var forged = Forge("spiffe://medcloudcare/gateway");
        Assert.False(await IsLetInAsync(service, forged));
    }

    [Fact]
    public async Task A_service_refuses_a_peer_of_the_mesh_that_it_does_not_expect()
    {
        using var auth = Load("auth");
        Assert.False(await IsLetInAsync("sharing", auth));
        using var expected = Load("gateway");
        Assert.True(await IsLetInAsync("sharing", expected));
    }

    private X509Certificate2 Load(string name) =>
        X509Certificate2.CreateFromPemFile(Path.Combine(mesh.Data, "pki", name + ".crt"), Path.Combine(mesh.Data, "pki", name + ".key"));

    /// <summary>In TLS 1.3 a server's refusal arrives with the first read after the handshake.</summary>
    private async Task<bool> IsLetInAsync(string service, X509Certificate2? certificate)
    {
        var address = new Uri(mesh.AddressOf(service));
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ClientCertificates = certificate is null ? [] : [certificate],
                CertificateChainPolicy = mesh.Trust(),
            });
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
            return await tls.ReadAsync(new byte[1]) == 1;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
    }

    private static X509Certificate2 Forge(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=forged", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(name));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
