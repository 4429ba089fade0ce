using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Pki;

/// <summary>A certificate and its private key as two PEM files, NAME.crt and NAME.key (PKCS #8), both mode 0600.</summary>
internal static class CertificateFiles
{
    /// <summary>Reads certificate and key; null if one of them is missing or they do not belong together.</summary>
    public static X509Certificate2? Read(string directory, string name)
    {
        string certificate = Path.Combine(directory, name + ".crt"), key = Path.Combine(directory, name + ".key");
        try
        {
            return File.Exists(certificate) && File.Exists(key) ? X509Certificate2.CreateFromPemFile(certificate, key) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Writes the key, then the certificate: a certificate without its key never exists.</summary>
    public static void Write(string directory, string name, X509Certificate2 certificate, ECDsa key)
    {
        SecretFile.Write(Path.Combine(directory, name + ".key"), key.ExportPkcs8PrivateKeyPem() + "\n");
        SecretFile.Write(Path.Combine(directory, name + ".crt"), certificate.ExportCertificatePem() + "\n");
    }
}
