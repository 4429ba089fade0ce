using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;
using MedCloudCare.Cli.Postgres;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Archive;

/// <summary>
/// <c>mcc archive backup</c>: first the database, then the objects, last the keys, while the mesh goes on. Objects only grow
/// and their removal is held meanwhile, so that each that the copied database refers to is still there when its turn comes.
/// </summary>
internal static class BackupCommand
{
    public static Command Create()
    {
        Option<string> to = new("--to") { Description = "New folder for the backup.", HelpName = "DIR", Required = true };
        Option<string?> keysTo = new("--keys-to")
        {
            Description = "New folder for the keys, so that the rest opens nothing (default: keys in the folder of --to).",
            HelpName = "DIR",
        };
        Command command = new("backup", "Back the running mesh up: database, objects, keys and settings. Everything acknowledged before it is in it.") { to, keysTo, CommonOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            BackupNote note = await RunAsync(parsed.DataDirectory(), new BackupFolder(parsed.GetRequiredValue(to)), parsed.GetValue(keysTo), cancellationToken).ConfigureAwait(false);
            Terminal.Result(parsed.GetValue(CommonOptions.Json)
                ? System.Text.Json.JsonSerializer.Serialize(note, BackupNoteJson.Default.BackupNote)
                : string.Create(CultureInfo.InvariantCulture, $"Backed up: the database as of {note.Time:u} and {(note.Objects is { } objects ? $"{objects} objects, {Terminal.Bytes(note.Bytes)}" : "no objects: they are in their bucket, which has a backup of its own")}."));
            if (!note.KeysApart)
            {
                Terminal.Note("The keys lie beside what they open: keep the folder 'keys' of the backup apart from the rest, or use --keys-to.");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<BackupNote> RunAsync(DataDirectory data, BackupFolder backup, string? keysTo, CancellationToken cancellationToken)
    {
        string keys = keysTo is null ? backup.Keys : Path.GetFullPath(keysTo);
        if (Directory.Exists(keys) && Directory.EnumerateFileSystemEntries(keys).Any())
        {
            throw CliException.Failed($"'{keys}' is not empty.", "Name a new folder for the keys of each backup.");
        }

        using ArchiveConnection mesh = ArchiveConnection.Open(data);
        backup.Create();
        using CancellationTokenSource lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using AsyncServerStreamingCall<HoldRemovalsResponse> hold = mesh.Client.HoldRemovals(new HoldRemovalsRequest(), cancellationToken: lost.Token);
        await hold.ResponseStream.MoveNext(lost.Token).ConfigureAwait(false);
        Task holding = WatchAsync(hold, lost);
        try
        {
            BackupNote note = await CopyAsync(data, backup, keys, lost.Token).ConfigureAwait(false);
            lost.Token.ThrowIfCancellationRequested();
            note = note with { KeysApart = keysTo is not null };
            backup.Complete(note);
            return note;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CliException.Failed("The study service went away during the backup, so that objects may be missing from it.", "Remove the folder and take the backup again.");
        }
        finally
        {
            await lost.CancelAsync().ConfigureAwait(false);
            await holding.ConfigureAwait(false);
        }
    }

    /// <summary>Ends the backup when the hold ends: what follows could miss objects.</summary>
    private static async Task WatchAsync(AsyncServerStreamingCall<HoldRemovalsResponse> hold, CancellationTokenSource lost)
    {
        try
        {
            while (await hold.ResponseStream.MoveNext(lost.Token).ConfigureAwait(false))
            {
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // Said by the cancellation.
        }

        await lost.CancelAsync().ConfigureAwait(false);
    }

    private static async Task<BackupNote> CopyAsync(DataDirectory data, BackupFolder backup, string keys, CancellationToken cancellationToken)
    {
        DateTimeOffset time = DateTimeOffset.UtcNow;
        Terminal.Note("Copying the database …");
        PostgresCluster cluster = await PostgresCluster.LocateAsync(data, cancellationToken).ConfigureAwait(false);
        await cluster.BackupAsync(backup.Postgres, DatabaseCredentials.LoadOrCreate(data), cancellationToken).ConfigureAwait(false);

        long objects = 0, bytes = 0;
        bool inBucket = ObjectStoreChoice.Read(data).IsS3;
        if (!inBucket)
        {
            long total = Directory.EnumerateFiles(data.Objects, "*.pack", SearchOption.AllDirectories).LongCount();
            await ProgressView.RunAsync<object?>("Copying objects", async tell =>
            {
                foreach (string shard in Directory.EnumerateDirectories(data.Objects).Where(d => Path.GetFileName(d) != "open"))
                {
                    await TreeCopy.CopyAsync(shard, Path.Combine(backup.Objects, Path.GetFileName(shard)), cancellationToken, length =>
                    {
                        objects++;
                        bytes += length;
                        tell(Math.Min(1, (double)objects / Math.Max(total, 1)), string.Create(CultureInfo.InvariantCulture, $"{objects} of {total}, {Terminal.Bytes(bytes)}"));
                    }).ConfigureAwait(false);
                }

                return null;
            }).ConfigureAwait(false);
        }

        foreach (string part in BackupFolder.PartsOf(data))
        {
            await TreeCopy.CopyAsync(part, Path.Combine(backup.Data, Path.GetFileName(part)), cancellationToken).ConfigureAwait(false);
        }

        // Last: each study that the copy of the database names has its key by now, and what was deleted meanwhile has lost it.
        await TreeCopy.CopyAsync(data.Keys, keys, cancellationToken).ConfigureAwait(false);
        return new BackupNote { Version = BackupNote.CurrentVersion, Time = time, Objects = inBucket ? null : objects, Bytes = bytes, KeysApart = false };
    }
}
