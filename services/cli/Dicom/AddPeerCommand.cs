using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Dicom;

/// <summary><c>mcc dicom peers add</c>: lets a calling AE title store for an account.</summary>
internal static class AddPeerCommand
{
    public static Command Create()
    {
        Argument<string> title = new("ae-title") { Description = "The calling AE title: 1 to 16 characters, compared with case." };
        Option<string> owner = new("--owner") { Description = "Account that owns what is stored: e-mail address, or accounts/UUID.", HelpName = "ACCOUNT", Required = true };
        Option<string[]> from = new("--from") { Description = "Only from this address or network (may be repeated).", HelpName = "ADDRESS[/BITS]" };
        Option<string?> called = new("--called") { Description = "Only when it calls this AE title.", HelpName = "TITLE" };
        Option<FileInfo?> certificate = new("--certificate") { Description = "Only over TLS with this client certificate (PEM or DER).", HelpName = "FILE" };
        Option<string?> fingerprint = new("--fingerprint") { Description = "The same by the certificate's SHA-256 in hexadecimal; colons are ignored.", HelpName = "HEX" };
        Command command = new("add", "Let a calling AE title store for an account.") { title, owner, from, called, certificate, fingerprint };
        command.Validators.Add(r =>
        {
            if (r.GetResult(certificate) is not null && r.GetResult(fingerprint) is not null)
            {
                r.AddError("--certificate and --fingerprint say the same: give one of them.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using OperatorConnection mesh = OperatorConnection.Open(parsed.DataDirectory());
            DicomPeer made = await mesh.DicomPeers.CreateDicomPeerAsync(new CreateDicomPeerRequest
            {
                DicomPeer = new DicomPeer
                {
                    CallingAeTitle = parsed.GetRequiredValue(title),
                    Owner = await mesh.AccountNameAsync(parsed.GetRequiredValue(owner), cancellationToken).ConfigureAwait(false),
                    CalledAeTitle = parsed.GetValue(called) ?? "",
                    Networks = { parsed.GetValue(from) ?? [] },
                    ClientCertificateSha256 = parsed.GetValue(certificate) is { } file
                        ? FingerprintOf(file)
                        : (parsed.GetValue(fingerprint) ?? "").Replace(":", "", StringComparison.Ordinal),
                },
            }, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Result(made.Name);
            return ExitCode.Ok;
        });
        return command;
    }

    private static string FingerprintOf(FileInfo file)
    {
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(file.FullName);
            return certificate.GetCertHashString(HashAlgorithmName.SHA256);
        }
        catch (CryptographicException)
        {
            throw CliException.Failed($"'{file.FullName}' is not a certificate.", "Give a PEM or DER file of one X.509 certificate.");
        }
    }
}
