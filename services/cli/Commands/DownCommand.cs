using System.CommandLine;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc down</c>: stops everything cleanly.</summary>
internal static class DownCommand
{
    public static Command Create()
    {
        Command command = new("down", "Stop the mesh: services first, then the database. Data stays. Also ends what a killed supervisor left behind.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            bool ran = await BackgroundMesh.StopAsync(data, cancellationToken).ConfigureAwait(false);
            Terminal.Note(ran ? "The mesh is stopped." : $"No mesh of '{data.Root}' is running.");
            return ExitCode.Ok;
        });
        return command;
    }
}
