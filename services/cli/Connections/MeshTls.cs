using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Pki;

namespace MedCloudCare.Cli.Connections;

/// <summary>TLS towards a mesh: its own authority is the only one that is trusted.</summary>
internal static class MeshTls
{
    /// <summary>A handler for the gateway's public port.</summary>
    /// <param name="authority">PEM file of the authority's certificate.</param>
    public static SocketsHttpHandler Public(string authority)
    {
        SocketsHttpHandler handler = Handler();
        handler.SslOptions.CertificateChainPolicy = Trust(authority);
        return handler;
    }

    /// <summary>A handler for the mutual TLS port of a service, as the operator; it accepts only that service.</summary>
    /// <exception cref="CliException">The operator's certificate is missing.</exception>
    public static SocketsHttpHandler Operator(DataDirectory data, string service)
    {
        X509Certificate2 certificate = CertificateFiles.Read(data.Pki, MeshServices.Operator)
            ?? throw CliException.Failed($"There is no operator certificate in '{data.Pki}'.", "Start the mesh first: mcc up");
        string expected = $"spiffe://medcloudcare/{service}";
        SocketsHttpHandler handler = Handler();
        handler.SslOptions.CertificateChainPolicy = Trust(data.AuthorityCertificate);
        handler.SslOptions.ClientCertificates = [certificate];
        handler.SslOptions.RemoteCertificateValidationCallback = (_, peer, _, errors) =>
            errors == SslPolicyErrors.None && peer is X509Certificate2 issued && SpiffeNames.Of(issued).Contains(expected);
        return handler;
    }

    private static SocketsHttpHandler Handler() => new()
    {
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        UseProxy = false,
    };

    private static X509ChainPolicy Trust(string authority)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(authority);
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            throw CliException.Failed($"The authority's certificate cannot be read from '{authority}'.", "Name the mesh's data directory with --data, or its ca.crt with --cacert.");
        }

        return policy;
    }
}
