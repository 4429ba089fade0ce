using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.Cli.Pki;

namespace MedCloudCare.Cli.Tests;

public sealed class CertificateTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly SettableTime _time = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_service_is_named_by_its_SPIFFE_URI_and_by_loopback_only()
    {
        using X509Certificate2 certificate = Issue("study");
        Assert.Equal(["spiffe://medcloudcare/study"], SpiffeNames.Of(certificate));
        X509SubjectAlternativeNameExtension names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal(["localhost"], names.EnumerateDnsNames());
        Assert.Equal(["127.0.0.1"], names.EnumerateIPAddresses().Select(a => a.ToString()));
    }

    [Fact]
    public void A_service_certificate_serves_both_ends_with_a_P256_key_and_issues_nothing()
    {
        using X509Certificate2 certificate = Issue("study");
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        Assert.Equal("1.2.840.10045.3.1.7", key.ExportParameters(false).Curve.Oid.Value);
        IEnumerable<string?> usage = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value);
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], usage);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void The_public_certificate_is_no_identity_inside_the_mesh()
    {
        using MeshAuthority authority = Open();
        authority.EnsurePublic("gateway-public");
        using X509Certificate2 certificate = CertificateFiles.Read(_directory.Path, "gateway-public")!;
        Assert.Empty(SpiffeNames.Of(certificate));
        Assert.DoesNotContain("1.3.6.1.5.5.7.3.2", certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value));
    }

    [Fact]
    public void Every_file_is_for_its_owner_only()
    {
        Issue("study").Dispose();
        Assert.All(Directory.GetFiles(_directory.Path), f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
        Assert.Equal(["ca.crt", "ca.key", "study.crt", "study.key"], Directory.GetFiles(_directory.Path).Select(Path.GetFileName).Order());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory.Path));
    }

    [Fact]
    public void A_certificate_is_kept_until_thirty_days_before_its_end()
    {
        using X509Certificate2 first = Issue("study");
        _time.Now = new DateTimeOffset(first.NotAfter).AddDays(-31);
        using X509Certificate2 kept = Issue("study");
        Assert.Equal(first.Thumbprint, kept.Thumbprint);
        _time.Now = new DateTimeOffset(first.NotAfter).AddDays(-29);
        using X509Certificate2 renewed = Issue("study");
        Assert.NotEqual(first.Thumbprint, renewed.Thumbprint);
        Assert.True(renewed.NotAfter > first.NotAfter);
    }

    [Fact]
    public void What_another_authority_issued_is_replaced()
    {
        using X509Certificate2 before = Issue("study");
        File.Delete(_directory["ca.key"]);
        using MeshAuthority authority = Open();
        Assert.True(authority.EnsureService("study"));
        Assert.False(authority.EnsureService("study"));
        using X509Certificate2 after = CertificateFiles.Read(_directory.Path, "study")!;
        Assert.NotEqual(before.Thumbprint, after.Thumbprint);
    }

    [Fact]
    public void Issued_certificates_chain_to_the_authority_and_those_of_another_mesh_do_not()
    {
        using TemporaryDirectory other = new();
        using X509Certificate2 ours = Issue("auth");
        using MeshAuthority theirs = MeshAuthority.OpenOrCreate(other.Path, _time);
        theirs.EnsureService("auth");
        using X509Certificate2 foreign = CertificateFiles.Read(other.Path, "auth")!;
        using X509Certificate2 authority = CertificateFiles.Read(_directory.Path, "ca")!;
        Assert.True(Chains(ours, authority));
        Assert.False(Chains(foreign, authority));
    }

    private static bool Chains(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private MeshAuthority Open() => MeshAuthority.OpenOrCreate(_directory.Path, _time);

    private X509Certificate2 Issue(string name)
    {
        using MeshAuthority authority = Open();
        authority.EnsureService(name);
        return CertificateFiles.Read(_directory.Path, name)!;
    }

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
