using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace MedCloudCare.Platform.Hosting;

/// <summary>
/// The certificates of one process of the mesh and the rule by which it believes a peer: a chain to the mesh's own CA and
/// a subject alternative name <c>spiffe://medcloudcare/{service}</c>. Host names are not looked at: addresses change, names do not.
/// </summary>
public sealed class MeshCertificates : IDisposable
{
    /// <summary>What the names of services begin with.</summary>
    public const string SpiffePrefix = "spiffe://medcloudcare/";

    private const string SubjectAlternativeNameOid = "2.5.29.17";

    private static readonly ConditionalWeakTable<X509Certificate2, string> Names = new();

    private readonly X509Certificate2 authority;

    private MeshCertificates(X509Certificate2 authority, X509Certificate2 own)
    {
        this.authority = authority;
        Own = own;
    }

    /// <summary>This process's certificate with its private key.</summary>
    public X509Certificate2 Own { get; }

    /// <summary>Loads <c>ca.crt</c> and <c>{service}.crt/.key</c> from a directory.</summary>
    /// <exception cref="InvalidOperationException">A file is missing or unreadable; the message names it.</exception>
    public static MeshCertificates Load(string directory, string service)
    {
        var ca = Path.Combine(directory, "ca.crt");
        var certificate = Path.Combine(directory, service + ".crt");
        var key = Path.Combine(directory, service + ".key");
        foreach (var file in new[] { ca, certificate, key })
        {
            if (!File.Exists(file))
            {
                throw new InvalidOperationException($"The certificate file {file} is missing.");
            }
        }

        return new MeshCertificates(X509CertificateLoader.LoadCertificateFromFile(ca), X509Certificate2.CreateFromPemFile(certificate, key));
    }

    /// <summary>The service that a certificate names, or null where it names none. Says nothing about its chain.</summary>
    public static string? ServiceOf(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            return null;
        }

        var name = Names.GetValue(certificate, static c => ReadName(c) ?? "");
        return name.Length == 0 ? null : name;
    }

    /// <summary>Whether a certificate was issued by the mesh's CA, is in its time, and names one of these services.</summary>
    public bool Accepts(X509Certificate? certificate, params IReadOnlyCollection<string> services)
    {
        if (certificate is not X509Certificate2 peer || ServiceOf(peer) is not { } name || !services.Contains(name))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(peer);
    }

    /// <summary>TLS options of a client that talks to one service of the mesh.</summary>
    public SslClientAuthenticationOptions ClientOptions(string service) => new()
    {
        ClientCertificates = [Own],
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = (_, certificate, _, _) => Accepts(certificate, service),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        authority.Dispose();
        Own.Dispose();
    }

    private static string? ReadName(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == SubjectAlternativeNameOid)
            {
                return ReadUri(extension.RawData) is { } uri && uri.StartsWith(SpiffePrefix, StringComparison.Ordinal)
                    ? uri[SpiffePrefix.Length..]
                    : null;
            }
        }

        return null;
    }

    /// <summary>The one uniformResourceIdentifier of a SubjectAltName (RFC 5280 §4.2.1.6); null for none or several.</summary>
    private static string? ReadUri(byte[] extension)
    {
        var uriTag = new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 6);
        var names = new System.Formats.Asn1.AsnReader(extension, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
        string? uri = null;
        while (names.HasData)
        {
            if (names.PeekTag() != uriTag)
            {
                names.ReadEncodedValue();
                continue;
            }

            if (uri is not null)
            {
                return null;
            }

            uri = names.ReadCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, uriTag);
        }

        return uri;
    }
}
