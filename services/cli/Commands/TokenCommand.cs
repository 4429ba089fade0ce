using System.CommandLine;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc token</c>: an access token for other tools.</summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        Command command = new Command("token", "Print an access token of the session, for use as \"Authorization: Bearer …\" (it lives for minutes).").WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            Terminal.Result(await mesh.Session.AccessTokenAsync(cancellationToken).ConfigureAwait(false));
            return ExitCode.Ok;
        });
        return command;
    }
}
