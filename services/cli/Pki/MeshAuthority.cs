using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Pki;

/// <summary>
/// The certificate authority of one mesh (P-256). Every service gets a certificate that names it as
/// <c>spiffe://medcloudcare/NAME</c> (SPIFFE X.509-SVID); the gateway's public port gets one for host names only. Nothing
/// outside the mesh trusts this authority unless somebody tells it to.
/// </summary>
internal sealed class MeshAuthority : IDisposable
{
    /// <summary>What is within this of its end is issued anew.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3653);
    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);
    private static readonly OidCollection ClientAndServer = [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")];
    private static readonly OidCollection ServerOnly = [new Oid("1.3.6.1.5.5.7.3.1")];

    private readonly string _directory;
    private readonly X509Certificate2 _authority;
    private readonly TimeProvider _time;

    private MeshAuthority(string directory, X509Certificate2 authority, TimeProvider time)
    {
        _directory = directory;
        _authority = authority;
        _time = time;
    }

    /// <summary>Opens the authority in a directory, or makes one where there is none or it ends soon.</summary>
    public static MeshAuthority OpenOrCreate(string directory, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        SecretFile.CreateDirectory(directory);
        X509Certificate2? existing = CertificateFiles.Read(directory, "ca");
        if (existing is not null && existing.NotAfter - RenewBefore > time.GetUtcNow().LocalDateTime)
        {
            return new MeshAuthority(directory, existing, time);
        }

        existing?.Dispose();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=MedCloudCare mesh authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = time.GetUtcNow();
        X509Certificate2 made = request.CreateSelfSigned(now.AddMinutes(-5), now + AuthorityLifetime);
        CertificateFiles.Write(directory, "ca", made, key);
        return new MeshAuthority(directory, made, time);
    }

    /// <summary>Sees to it that a service has a valid certificate. True if a new one was written.</summary>
    public bool EnsureService(string name) => Ensure(name, ClientAndServer, names =>
    {
        names.AddUri(new Uri($"spiffe://medcloudcare/{name}"));
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
    });

    /// <summary>Sees to it that the gateway's public port has a valid certificate for this machine's names.</summary>
    public bool EnsurePublic(string name) => Ensure(name, ServerOnly, names =>
    {
        names.AddDnsName("localhost");
        names.AddDnsName(Dns.GetHostName());
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
    });

    /// <inheritdoc/>
    public void Dispose() => _authority.Dispose();

    private bool Ensure(string name, OidCollection usage, Action<SubjectAlternativeNameBuilder> addNames)
    {
        using X509Certificate2? existing = CertificateFiles.Read(_directory, name);
        if (existing is not null && existing.NotAfter - RenewBefore > _time.GetUtcNow().LocalDateTime && IsIssuedHere(existing))
        {
            return false;
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN=MedCloudCare {name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        addNames(names);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usage, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        DateTimeOffset now = _time.GetUtcNow(), end = now + LeafLifetime, last = _authority.NotAfter;
        using X509Certificate2 issued = request.Create(_authority, now.AddMinutes(-5), end < last ? end : last, RandomNumberGenerator.GetBytes(16));
        CertificateFiles.Write(_directory, name, issued, key);
        return true;
    }

    private bool IsIssuedHere(X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTimeIgnored = true;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }
}
