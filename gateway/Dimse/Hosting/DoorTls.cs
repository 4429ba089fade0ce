using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>
/// TLS of the door: TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only (the BCP 195 profiles of PS3.15
/// annex B). A client certificate is asked for; which one an AE title must have is pinned by its fingerprint in its peer, so
/// that no authority needs to be agreed on with whoever made the modality.
/// </summary>
internal sealed class DoorTls : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly SslServerAuthenticationOptions _options;

    /// <param name="path">Of the gateway's public certificate, without <c>.crt</c> and <c>.key</c>.</param>
    public DoorTls(string path)
    {
        _certificate = X509Certificate2.CreateFromPemFile(path + ".crt", path + ".key");
        _options = new SslServerAuthenticationOptions
        {
            ServerCertificate = _certificate,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CipherSuitesPolicy = Ciphers(),
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is null || IsInForce(certificate),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
        };
    }

    /// <summary>Does the handshake.</summary>
    /// <returns>The secured stream, and the SHA-256 of the client's certificate; empty without one.</returns>
    /// <exception cref="AuthenticationException">It failed.</exception>
    public async Task<(SslStream Stream, string CertificateSha256)> AcceptAsync(Stream inner, CancellationToken cancellation)
    {
        var stream = new SslStream(inner, leaveInnerStreamOpen: false);
        try
        {
            await stream.AuthenticateAsServerAsync(_options, cancellation);
            var certificate = stream.RemoteCertificate is X509Certificate2 peer ? Convert.ToHexStringLower(SHA256.HashData(peer.RawDataMemory.Span)) : "";
            return (stream, certificate);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _certificate.Dispose();

    private static bool IsInForce(X509Certificate certificate) =>
        certificate is X509Certificate2 shown && DateTime.UtcNow is var now && shown.NotBefore.ToUniversalTime() <= now && now <= shown.NotAfter.ToUniversalTime();

    private static CipherSuitesPolicy? Ciphers() => OperatingSystem.IsLinux()
        ? new CipherSuitesPolicy(
        [
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ])
        : null;
}
