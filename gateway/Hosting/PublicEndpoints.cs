using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.Platform.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace MedCloudCare.Gateway.Hosting;

/// <summary>Where and how the gateway listens.</summary>
internal static class PublicEndpoints
{
    private const int StreamWindow = 1024 * 1024;

    public static void Listen(KestrelServerOptions kestrel, GatewayOptions options, MeshOptions mesh, MeshCertificates certificates)
    {
        kestrel.AddServerHeader = false;
        Limit(kestrel.Limits, options.Limits);
        if (options.Http.Length > 0)
        {
            var address = EndpointOf(options.Http);
            if (!IPAddress.IsLoopback(address.Address)) throw new InvalidOperationException("Gateway:Http is not a loopback address: without TLS nothing else is served.");
            kestrel.Listen(address, listen => listen.Protocols = HttpProtocols.Http1);
        }

        if (options.Https.Length > 0)
        {
            var certificate = X509Certificate2.CreateFromPemFile(options.PublicCert + ".crt", options.PublicCert + ".key");
            kestrel.Listen(EndpointOf(options.Https), listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = ClientCertificateMode.NoCertificate;
                    https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                });
            });
        }

        if (mesh.Listen.Length > 0)
        {
            // For the operator alone: metrics.
            kestrel.Listen(EndpointOf(mesh.Listen), listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificates.Own;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => certificates.Accepts(certificate, ["operator"]);
            }));
        }
    }

    private static void Limit(KestrelServerLimits limits, GatewayLimits own)
    {
        limits.MaxConcurrentConnections = own.Connections;
        limits.MaxRequestBodySize = own.BodyBytes;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestLineSize = 16 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.Http2.MaxStreamsPerConnection = 256;
        limits.Http2.InitialStreamWindowSize = StreamWindow;
        limits.Http2.InitialConnectionWindowSize = 4 * StreamWindow;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
    }

    private static IPEndPoint EndpointOf(string address)
    {
        var uri = new Uri(address);
        return new IPEndPoint(uri.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(uri.Host), uri.Port);
    }
}
