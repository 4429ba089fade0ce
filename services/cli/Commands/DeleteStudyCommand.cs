using System.CommandLine;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc studies delete</c>: deletes a study of the caller's for good.</summary>
internal static class DeleteStudyCommand
{
    public static Command Create()
    {
        Argument<string> study = new("study") { Description = "Study Instance UID, or studies/UUID." };
        Option<bool> yes = new("--yes", "-y") { Description = "Do not ask." };
        Command command = new Command("delete", "Delete a study of yours for good: its key is erased at once, in backups of images and database too.") { study, yes }.WithConnection();
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using MeshConnection mesh = MeshConnection.Open(parsed);
            string name = await StudyNames.ResolveAsync(mesh, parsed.GetRequiredValue(study), cancellationToken).ConfigureAwait(false);
            Study.V1.Study found = await mesh.Studies.GetStudyAsync(new GetStudyRequest { Name = name },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            if (!parsed.GetValue(yes) && !Confirm(found))
            {
                throw CliException.Failed("Nothing was deleted.", "To delete without being asked: --yes");
            }

            await mesh.Studies.DeleteStudyAsync(new DeleteStudyRequest { Name = name },
                deadline: DateTime.UtcNow.AddMinutes(10), cancellationToken: cancellationToken).ConfigureAwait(false);
            Terminal.Note($"Deleted {found.InstanceCount} instances ({Terminal.Bytes(found.SizeBytes)}); the key is erased.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static bool Confirm(Study.V1.Study study)
    {
        if (!Terminal.IsInteractive)
        {
            return false;
        }

        Terminal.Note($"Delete {study.StudyInstanceUid} ({study.PatientName}, {study.StudyDate}, {study.InstanceCount} instances) for good? Type yes:");
        return string.Equals(Console.ReadLine()?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);
    }
}
