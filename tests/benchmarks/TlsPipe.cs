using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Benchmarks;

/// <summary>
/// The baseline of transfers: a bare TLS connection over loopback with the mesh's own certificate, both ends in this process.
/// Every byte that a service hands over crosses at least two such hops (client to gateway, gateway to service).
/// </summary>
internal sealed class TlsPipe : IAsyncDisposable
{
    private readonly SslStream near;
    private readonly SslStream far;

    private TlsPipe(SslStream near, SslStream far)
    {
        this.near = near;
        this.far = far;
    }

    public static async Task<TlsPipe> OpenAsync(MeshFixture mesh)
    {
        var pki = Path.Combine(mesh.Data, "pki");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new TcpClient { NoDelay = true };
        var connect = client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        var server = await listener.AcceptTcpClientAsync();
        await connect;
        var near = new SslStream(client.GetStream());
        var far = new SslStream(server.GetStream());
        var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(pki, "gateway.crt"), Path.Combine(pki, "gateway.key"));
        await Task.WhenAll(
            far.AuthenticateAsServerAsync(certificate),
            near.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = mesh.Trust() }));
        return new TlsPipe(near, far);
    }

    /// <summary>Sends files through, in chunks of 64 KiB, and reads them at the other end.</summary>
    public async Task SendAsync(IReadOnlyList<byte[]> files)
    {
        var expected = files.Sum(f => (long)f.Length);
        var reader = Task.Run(async () =>
        {
            var buffer = new byte[64 * 1024];
            for (long read = 0; read < expected;)
            {
                read += await far.ReadAsync(buffer);
            }
        });
        foreach (var file in files)
        {
            for (var offset = 0; offset < file.Length; offset += 64 * 1024)
            {
                await near.WriteAsync(file.AsMemory(offset, Math.Min(64 * 1024, file.Length - offset)));
            }
        }

        await near.FlushAsync();
        await reader;
    }

    public async ValueTask DisposeAsync()
    {
        await near.DisposeAsync();
        await far.DisposeAsync();
    }
}
