using System.CommandLine;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Models;

/// <summary><c>mcc models activate</c>: switches to a version, forwards or back.</summary>
internal static class ActivateCommand
{
    public static Command Create()
    {
        Argument<string> version = new("version") { Description = "models/UUID/versions/NUMBER." };
        Command command = new Command("activate", "Make a version the active one (update, or roll back). Running jobs go on with theirs.") { version }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            Model.V1.Model model = await mesh.Models.ActivateModelVersionAsync(new ActivateModelVersionRequest { Name = parsed.GetRequiredValue(version) },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Result(model.ActiveVersion);
            return ExitCode.Ok;
        });
        return command;
    }
}
