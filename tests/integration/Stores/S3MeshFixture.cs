using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.Stores;

/// <summary>A mesh whose packs are in a bucket of a real S3 server, reached over TLS with an authority of its own.</summary>
public sealed class S3MeshFixture : MeshFixture
{
    private readonly string directory = Directory.CreateTempSubdirectory("mcc-s3-tls-").FullName;

    /// <summary>The server; null where Node is not installed, and then there is no mesh.</summary>
    public S3Server? Server { get; private set; }

    /// <inheritdoc/>
    protected override IEnumerable<string> UpArguments =>
    [
        "--objects", $"s3://{S3Server.Bucket}/mesh", "--s3-endpoint", Server!.Endpoint, "--s3-credentials", Server.Credentials,
        "--s3-cacert", Path.Combine(directory, "s3.crt"),
    ];

    /// <inheritdoc/>
    public override async Task InitializeAsync()
    {
        if (S3Server.IsAvailable)
        {
            MakeCertificate();
            Server = await S3Server.StartAsync(Path.Combine(directory, "s3.crt"), Path.Combine(directory, "s3.key"));
            await base.InitializeAsync();
        }
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        if (Server is not null)
        {
            await base.DisposeAsync();
            await Server.DisposeAsync();
        }

        Directory.Delete(directory, recursive: true);
    }

    private void MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=s3", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(directory, "s3.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, "s3.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
