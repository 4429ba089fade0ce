using System.CommandLine;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc logout</c>: ends the kept session.</summary>
internal static class LogoutCommand
{
    public static Command Create()
    {
        Command command = new Command("logout", "End the session, here and on the server.").WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            bool ended = await mesh.Session.EndAsync(cancellationToken).ConfigureAwait(false);
            Terminal.Note(ended ? $"Signed out of {mesh.Url}." : $"Nobody was signed in to {mesh.Url}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
