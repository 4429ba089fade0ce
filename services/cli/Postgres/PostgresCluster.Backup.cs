using MedCloudCare.Cli.Archive;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Postgres;

internal sealed partial class PostgresCluster
{
    /// <summary>Takes a base backup of the running server, with the write-ahead log that makes it whole.</summary>
    /// <exception cref="CliException">The server refuses, or does not run.</exception>
    public async Task BackupAsync(string directory, DatabaseCredentials credentials, CancellationToken cancellationToken)
    {
        ToolResult result = await Tool.RunAsync(
            [Path.Combine(_binaries, "pg_basebackup"), "-h", SocketDirectory, "-U", AdministratorRole, "-D", directory, "-X", "stream", "-c", "fast", "--no-password"],
            cancellationToken, new Dictionary<string, string> { ["PGPASSWORD"] = credentials.Passwords[AdministratorRole] }).ConfigureAwait(false);
        if (result.ExitCode != 0)
        {
            throw CliException.Failed($"PostgreSQL gave no base backup: {result.Output}", "If the mesh was started by an older version, restart it: mcc down, mcc up.");
        }
    }

    /// <summary>Makes the cluster from a base backup, after checking it against its manifest.</summary>
    /// <exception cref="CliException">The backup is damaged, or there is a cluster.</exception>
    public async Task RestoreAsync(string backup, CancellationToken cancellationToken)
    {
        if (System.IO.Directory.Exists(Directory) && System.IO.Directory.EnumerateFileSystemEntries(Directory).Any())
        {
            throw CliException.Failed($"There is a PostgreSQL cluster in '{Directory}'.");
        }

        ToolResult check = await Tool.RunAsync([Path.Combine(_binaries, "pg_verifybackup"), backup], cancellationToken).ConfigureAwait(false);
        if (check.ExitCode != 0)
        {
            throw CliException.Failed($"The base backup in '{backup}' is damaged: {check.Output}", "Use another one.");
        }

        await TreeCopy.CopyAsync(backup, Directory, cancellationToken, given: GiveAway).ConfigureAwait(false);
    }
}
