using System.CommandLine;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary>The background half of <c>mcc up --detach</c>; not for people.</summary>
internal static class SuperviseCommand
{
    public static Command Create()
    {
        Command command = new("supervise", "Run the supervisor of a mesh.") { UpCommand.Http, UpCommand.Https, UpCommand.Dicom, UpCommand.DicomTls, UpCommand.Replicas, UpCommand.Otlp, UpCommand.Only };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Posix.NewSession();
            await using Supervisor supervisor = await Supervisor.OpenAsync(parsed.DataDirectory(), UpCommand.OptionsOf(parsed)).ConfigureAwait(false);
            MeshNarrator narrator = new(line => Terminal.Note($"{DateTime.UtcNow:yyyy-MM-dd HH:mm:ss.fff}Z {line}"));
            supervisor.Changed += narrator.Tell;
            supervisor.Noted += narrator.Say;
            narrator.Tell(supervisor.State);
            await supervisor.RunAsync(cancellationToken).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }
}
