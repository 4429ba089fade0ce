using System.Globalization;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Postgres;

/// <summary>
/// The user that PostgreSQL runs as: it refuses to run as root, so root hands over to the system user <c>postgres</c>;
/// anybody else runs it as themselves.
/// </summary>
/// <param name="Uid">User number.</param>
/// <param name="Gid">Group number.</param>
/// <param name="Prefix">The command that changes to this user, to be put before another; empty if none is needed.</param>
internal sealed record UnprivilegedUser(uint Uid, uint Gid, IReadOnlyList<string> Prefix)
{
    /// <summary>The user to run as here.</summary>
    /// <exception cref="CliException">Root, and there is no user <c>postgres</c>.</exception>
    public static UnprivilegedUser ForPostgres()
    {
        if (!Posix.IsRoot)
        {
            return new UnprivilegedUser(Posix.UserId, 0, []);
        }

        foreach (string line in File.ReadLines("/etc/passwd"))
        {
            string[] fields = line.Split(':');
            if (fields is ["postgres", _, _, _, ..]
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint uid)
                && uint.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out uint gid))
            {
                return new UnprivilegedUser(uid, gid, ["setpriv", $"--reuid={uid}", $"--regid={gid}", "--clear-groups", "--no-new-privs", "--"]);
            }
        }

        throw new CliException(ExitCode.MissingPrerequisite, "PostgreSQL may not run as root, and there is no system user 'postgres'.", "Install it: apt-get install postgresql");
    }

    /// <summary>Whether this user can get through to a directory.</summary>
    public async Task<bool> CanEnterAsync(string directory, CancellationToken cancellationToken)
    {
        if (Prefix.Count == 0)
        {
            return true;
        }

        ToolResult result = await Tool.RunAsync([.. Prefix, "test", "-x", directory], cancellationToken).ConfigureAwait(false);
        return result.ExitCode == 0;
    }
}
