using System.Globalization;
using System.Security.Cryptography;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Postgres;

/// <summary>
/// The private PostgreSQL cluster of one mesh: its own data directory, one Unix socket, no TCP port, passwords (SCRAM)
/// for everybody.
/// </summary>
internal sealed partial class PostgresCluster
{
    /// <summary>The superuser that provisions the database. No service has its password.</summary>
    public const string AdministratorRole = "mcc_admin";

    /// <summary>The one database.</summary>
    public const string DatabaseName = "medcloudcare";

    // sun_path of sockaddr_un holds 108 bytes with its end mark.
    private const int MaximumSocketPath = 107;
    private const string SocketFile = "/.s.PGSQL.5432";

    private readonly UnprivilegedUser _user;
    private readonly string _binaries;
    private readonly bool _sharedSocket;

    private PostgresCluster(UnprivilegedUser user, string binaries, string directory, string socketDirectory, bool sharedSocket, string? moved)
    {
        _sharedSocket = sharedSocket;
        _user = user;
        _binaries = binaries;
        Directory = directory;
        SocketDirectory = socketDirectory;
        MovedBecause = moved;
    }

    /// <summary>The data directory of the cluster.</summary>
    public string Directory { get; }

    /// <summary>The directory of the socket.</summary>
    public string SocketDirectory { get; }

    /// <summary>Why the cluster is not inside the mesh's data directory; null if it is.</summary>
    public string? MovedBecause { get; }

    /// <summary>Decides where the cluster and its socket live; creates nothing but the way there.</summary>
    /// <exception cref="CliException">PostgreSQL is not installed, or not in the version of the existing cluster.</exception>
    public static async Task<PostgresCluster> LocateAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        UnprivilegedUser user = UnprivilegedUser.ForPostgres();
        bool passable = await user.CanEnterAsync(data.Root, cancellationToken).ConfigureAwait(false);
        string directory = Path.Combine(data.Root, "postgres");
        string? moved = null;
        if (!passable)
        {
            string shared = "/var/lib/medcloudcare";
            SecretFile.CreateDirectory(shared, SecretFile.PassableDirectory);
            SecretFile.CreateDirectory(Path.Combine(shared, data.Tag), SecretFile.PassableDirectory);
            directory = Path.Combine(shared, data.Tag, "postgres");
            moved = $"The PostgreSQL cluster is in '{directory}': its user cannot get through to '{data.Root}'.";
        }

        string socket = Path.Combine(data.Run, "pg");
        bool sharedSocket = !passable || socket.Length + SocketFile.Length > MaximumSocketPath;
        if (sharedSocket)
        {
            socket = Posix.IsRoot ? $"/run/mcc-{data.Tag}" : $"/tmp/mcc-{Posix.UserId}-{data.Tag}";
        }

        return new PostgresCluster(user, FindBinaries(directory), directory, socket, sharedSocket, moved);
    }

    /// <summary>Makes the cluster, if there is none, and the socket's directory.</summary>
    /// <param name="administratorPassword">Password of <see cref="AdministratorRole"/> for a new cluster.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>True if a new cluster was made.</returns>
    public async Task<bool> InitializeAsync(string administratorPassword, CancellationToken cancellationToken)
    {
        OwnDirectory(SocketDirectory);
        bool fresh = !File.Exists(Path.Combine(Directory, "PG_VERSION"));
        if (fresh)
        {
            await CreateAsync(administratorPassword, cancellationToken).ConfigureAwait(false);
        }

        WriteConfiguration();
        return fresh;
    }

    /// <summary>Removes a socket directory that lies outside the mesh's data, once the server has ended.</summary>
    public void RemoveSharedSocketDirectory()
    {
        if (_sharedSocket && System.IO.Directory.Exists(SocketDirectory) && !System.IO.Directory.EnumerateFileSystemEntries(SocketDirectory).Any())
        {
            System.IO.Directory.Delete(SocketDirectory);
        }
    }

    /// <summary>The command that runs the server in the foreground.</summary>
    public IReadOnlyList<string> ServerCommand => [.. _user.Prefix, Path.Combine(_binaries, "postgres"), "-D", Directory];

    /// <summary>Whether the server says in its lock file that it takes connections.</summary>
    public bool IsReady => ReadLockFile() is { Length: >= 8 } lines && lines[7].Trim() == "ready";

    /// <summary>Whether this process is the server, and takes connections: a killed one leaves its lock file behind.</summary>
    public bool IsReadyAs(int process) =>
        ReadLockFile() is { Length: >= 8 } lines && lines[7].Trim() == "ready" && lines[0].Trim() == process.ToString(CultureInfo.InvariantCulture);

    private string[] ReadLockFile()
    {
        try
        {
            return File.ReadAllLines(Path.Combine(Directory, "postmaster.pid"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>A server of this cluster that runs though nobody supervises it; null if there is none.</summary>
    public static ProcessIdentity? FindLeftover(string directory)
    {
        try
        {
            string first = File.ReadLines(Path.Combine(directory, "postmaster.pid")).FirstOrDefault("");
            // The server works in its data directory: another process with a reused number does not.
            return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && new FileInfo($"/proc/{pid}/cwd").LinkTarget == directory
                ? ProcessIdentity.Of(pid)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task CreateAsync(string password, CancellationToken cancellationToken)
    {
        OwnDirectory(Directory);
        string secret = Path.Combine(SocketDirectory, $"init-{RandomNumberGenerator.GetHexString(16, true)}");
        try
        {
            SecretFile.Write(secret, password + "\n");
            GiveAway(secret);
            ToolResult result = await Tool.RunAsync(
                [.. _user.Prefix, Path.Combine(_binaries, "initdb"), "-D", Directory, "-U", AdministratorRole, "--pwfile", secret,
                    "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"],
                cancellationToken).ConfigureAwait(false);
            if (result.ExitCode != 0)
            {
                throw CliException.Failed($"PostgreSQL could not make its cluster in '{Directory}': {result.Output}");
            }
        }
        finally
        {
            File.Delete(secret);
        }
    }

    private void OwnDirectory(string path)
    {
        SecretFile.CreateDirectory(path);
        GiveAway(path);
    }

    private void GiveAway(string path)
    {
        if (_user.Prefix.Count > 0)
        {
            Posix.ChangeOwner(path, _user.Uid, _user.Gid);
        }
    }

    private static string FindBinaries(string directory)
    {
        string version = Path.Combine(directory, "PG_VERSION");
        string? wanted = File.Exists(version) ? File.ReadAllText(version).Trim() : null;
        const string installed = "/usr/lib/postgresql";
        string? found = System.IO.Directory.Exists(installed)
            ? System.IO.Directory.GetDirectories(installed)
                .Where(d => File.Exists(Path.Combine(d, "bin", "postgres")) && (wanted is null || Path.GetFileName(d) == wanted))
                .MaxBy(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out int major) ? major : 0)
            : null;
        return found is not null
            ? Path.Combine(found, "bin")
            : throw new CliException(ExitCode.MissingPrerequisite,
                wanted is null ? "PostgreSQL is not installed." : $"The cluster in '{directory}' needs PostgreSQL {wanted}, which is not installed.",
                $"Install it: apt-get install postgresql{(wanted is null ? "" : "-" + wanted)}");
    }
}
