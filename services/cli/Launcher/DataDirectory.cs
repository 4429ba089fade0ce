using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// Everything that a mesh keeps, and where. One mesh owns one directory. Directories are for their owner only; those on
/// the way to what belongs to unprivileged users (PostgreSQL, model pods) can be passed through but not listed.
/// </summary>
/// <param name="root">Absolute path.</param>
internal sealed class DataDirectory(string root)
{
    /// <summary>The version of this layout, kept in the file <c>version</c>.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The directory itself.</summary>
    public string Root { get; } = root;

    /// <summary>Certificates and their keys.</summary>
    public string Pki => Path.Combine(Root, "pki");

    /// <summary>The keyring and the wrapped keys of studies.</summary>
    public string Keys => Path.Combine(Root, "keys");

    /// <summary>The master keys.</summary>
    public string Keyring => Path.Combine(Keys, "keyring.json");

    /// <summary>The wrapped keys of studies.</summary>
    public string StudyKeys => Path.Combine(Keys, "studies");

    /// <summary>Sealed packs.</summary>
    public string Objects => Path.Combine(Root, "objects");

    /// <summary>Model packages.</summary>
    public string Models => Path.Combine(Root, "models");

    /// <summary>What can be made anew.</summary>
    public string Cache => Path.Combine(Root, "cache");

    /// <summary>Sockets, locks and the state of processes.</summary>
    public string Run => Path.Combine(Root, "run");

    /// <summary>One log a process.</summary>
    public string Log => Path.Combine(Root, "log");

    /// <summary>One configuration file a process.</summary>
    public string Config => Path.Combine(Root, "config");

    /// <summary>Credentials of the demo accounts.</summary>
    public string Demo => Path.Combine(Root, "demo");

    /// <summary>Which processes run and where they listen.</summary>
    public string State => Path.Combine(Run, "mesh.json");

    /// <summary>Held by the supervisor while it lives.</summary>
    public string SupervisorLock => Path.Combine(Run, "supervisor.lock");

    /// <summary>Certificate of the mesh's authority.</summary>
    public string AuthorityCertificate => Path.Combine(Pki, "ca.crt");

    /// <summary>Tells the directories of several meshes apart in places that they share (/run, /var/lib).</summary>
    public string Tag => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)))[..10];

    /// <summary>The directory named on the command line, else <c>.data</c> of the checkout.</summary>
    public static DataDirectory At(string? option) => new(Path.TrimEndingDirectorySeparator(Path.GetFullPath(
        string.IsNullOrEmpty(option) ? Path.Combine(RepositoryLayout.Find().Root, ".data") : option)));

    /// <summary>Makes what is missing and refuses data of a newer version. Changes nothing of it then.</summary>
    /// <exception cref="CliException">Newer data, or a directory that is something else.</exception>
    public void Create()
    {
        CheckVersion();
        UnixFileMode passable = Posix.IsRoot ? SecretFile.PassableDirectory : SecretFile.OwnerOnlyDirectory;
        SecretFile.CreateDirectory(Root, passable);
        SecretFile.CreateDirectory(Run, passable);
        foreach (string directory in new[] { Pki, Keys, Objects, Models, Cache, Log, Config })
        {
            SecretFile.CreateDirectory(directory);
        }

        string version = Path.Combine(Root, "version");
        if (!File.Exists(version))
        {
            SecretFile.Write(version, CurrentVersion.ToString(CultureInfo.InvariantCulture) + "\n");
        }
    }

    /// <summary>Refuses what this program does not know how to use.</summary>
    /// <exception cref="CliException">Newer data, or a directory that is something else.</exception>
    public void CheckVersion()
    {
        string file = Path.Combine(Root, "version");
        if (!File.Exists(file))
        {
            if (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any() && !Directory.Exists(Run))
            {
                throw CliException.Failed($"'{Root}' holds something that is not a MedCloudCare data directory.", "Choose an empty or new directory with --data.");
            }

            return;
        }

        string text = File.ReadAllText(file).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version > CurrentVersion)
        {
            throw CliException.Failed(
                $"The data in '{Root}' has version {text}; this program knows versions up to {CurrentVersion}.",
                "It was written by a newer MedCloudCare: use that one. Nothing was changed.");
        }
    }
}
