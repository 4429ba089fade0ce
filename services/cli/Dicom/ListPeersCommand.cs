using System.CommandLine;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Dicom;

/// <summary><c>mcc dicom peers list</c>.</summary>
internal static class ListPeersCommand
{
    public static Command Create()
    {
        Command command = new("list", "List the peers, newest first.") { CommonOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using OperatorConnection mesh = OperatorConnection.Open(parsed.DataDirectory());
            ResultList<DicomPeer> list = new(parsed.GetValue(CommonOptions.Json),
                ["AE TITLE", "OWNER", "CALLED", "FROM", "CLIENT CERTIFICATE"],
                p => [p.CallingAeTitle, p.Owner, Any(p.CalledAeTitle), Any(string.Join(' ', p.Networks)), p.ClientCertificateSha256.Length == 0 ? "-" : p.ClientCertificateSha256]);
            await foreach (DicomPeer peer in mesh.ListDicomPeersAsync(cancellationToken).ConfigureAwait(false))
            {
                list.Add(peer);
            }

            list.Write();
            if (list.Count == 0)
            {
                Terminal.Note("There are no peers: every association is rejected. Add one: mcc dicom peers add TITLE --owner ACCOUNT");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Any(string text) => text.Length == 0 ? "any" : text;
}
