using System.CommandLine;
using System.Globalization;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;
using MedCloudCare.Cli.Postgres;

namespace MedCloudCare.Cli.Archive;

/// <summary><c>mcc archive restore</c>: makes a data directory from a backup.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        Option<string> from = new("--from") { Description = "Folder of the backup.", HelpName = "DIR", Required = true };
        Option<string?> keysFrom = new("--keys-from")
        {
            Description = "Folder of the keys: those of the backup, or today's, under which what was deleted since stays deleted (default: keys in the folder of --from).",
            HelpName = "DIR",
        };
        Command command = new("restore", "Restore a backup into the data directory named by --data, which must be new or empty. Start the mesh afterwards: mcc up.") { from, keysFrom };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            BackupFolder backup = new(parsed.GetRequiredValue(from));
            await RunAsync(data, backup, parsed.GetValue(keysFrom), cancellationToken).ConfigureAwait(false);
            Terminal.Result(string.Create(CultureInfo.InvariantCulture, $"Restored into '{data.Root}': the state of {backup.Read().Time:u} or later."));
            Terminal.Note("Start it with mcc up, then check it with mcc archive verify.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(DataDirectory data, BackupFolder backup, string? keysFrom, CancellationToken cancellationToken)
    {
        BackupNote note = backup.Read();
        string keys = Path.GetFullPath(keysFrom ?? backup.Keys);
        if (!File.Exists(Path.Combine(keys, Path.GetFileName(data.Keyring))))
        {
            throw CliException.Failed($"There is no keyring in '{keys}'.", "Name the folder of the keys with --keys-from.");
        }

        if (Directory.Exists(data.Root) && Directory.EnumerateFileSystemEntries(data.Root).Any())
        {
            throw CliException.Failed($"'{data.Root}' is not empty.", "Restore into a new directory: --data DIR.");
        }

        data.Create();
        await TreeCopy.CopyAsync(keys, data.Keys, cancellationToken).ConfigureAwait(false);
        foreach (string part in BackupFolder.PartsOf(data))
        {
            await TreeCopy.CopyAsync(Path.Combine(backup.Data, Path.GetFileName(part)), part, cancellationToken).ConfigureAwait(false);
        }

        long objects = 0;
        await ProgressView.RunAsync<object?>("Copying objects", async tell =>
        {
            await TreeCopy.CopyAsync(backup.Objects, data.Objects, cancellationToken, _ =>
            {
                objects++;
                tell(Math.Min(1, (double)objects / Math.Max(note.Objects ?? 1, 1)), string.Create(CultureInfo.InvariantCulture, $"{objects} of {note.Objects}"));
            }).ConfigureAwait(false);
            return null;
        }).ConfigureAwait(false);
        if (note.Objects is { } expected && objects != expected)
        {
            throw CliException.Failed($"The backup holds {objects} objects, not the {expected} that it was completed with.", "It is damaged: use another one.");
        }

        Terminal.Note("Copying the database …");
        PostgresCluster cluster = await PostgresCluster.LocateAsync(data, cancellationToken).ConfigureAwait(false);
        await cluster.RestoreAsync(backup.Postgres, cancellationToken).ConfigureAwait(false);
    }
}
