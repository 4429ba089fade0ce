using System.CommandLine;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Dicom;

/// <summary><c>mcc dicom peers remove</c>: takes the right to store away, within seconds also from an open association.</summary>
internal static class RemovePeerCommand
{
    public static Command Create()
    {
        Argument<string> title = new("ae-title") { Description = "The calling AE title." };
        Command command = new("remove", "Take the right to store away from a calling AE title; what it has stored stays.") { title };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string wanted = parsed.GetRequiredValue(title);
            using OperatorConnection mesh = OperatorConnection.Open(parsed.DataDirectory());
            await foreach (DicomPeer peer in mesh.ListDicomPeersAsync(cancellationToken).ConfigureAwait(false))
            {
                if (peer.CallingAeTitle == wanted)
                {
                    await mesh.DicomPeers.DeleteDicomPeerAsync(new DeleteDicomPeerRequest { Name = peer.Name },
                        deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
                    Terminal.Result(peer.Name);
                    return ExitCode.Ok;
                }
            }

            throw CliException.Failed($"There is no peer with the calling AE title '{wanted}'.", "See mcc dicom peers list.");
        });
        return command;
    }
}
