using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.Reflection;
using MedCloudCare.Sandbox;
using MedCloudCare.Pod.V1;

namespace MedCloudCare.Models.Pods;

/// <summary>
/// What pods see of the host: the runtime, one unsealed copy of each version's package that is awake, and a directory per
/// replica for its socket. Lies on a memory file system, so that code and weights in the clear never reach a disk, and at a
/// short path, since a socket's path has at most 107 bytes. Whatever an earlier run left is removed, also one of another mesh.
/// </summary>
public sealed partial class PodDirectories : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passable = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode GroupReads = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
    private const UnixFileMode EverybodyReads = GroupReads | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode Executes = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const long Headroom = 64 << 20;

    private const string Prefix = "mcc-";
    private const string LockName = "lock";
    private static readonly string[] s_places = ["/dev/shm", "/run"];

    private readonly string _fallback;
    private readonly FileStream _lock;
    private readonly ILogger _logger;

    /// <param name="options">Where the runtime is, and the directory whose name makes this mesh's name.</param>
    /// <param name="logger">Says where packages lie.</param>
    public PodDirectories(PodOptions options, ILogger<PodDirectories> logger)
    {
        _logger = logger;
        MeshName = Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(options.Pods))))[..10];
        Directory.CreateDirectory(options.Pods, OwnerOnly);
        RemoveAbandoned();
        Root = OpenRoot(options.Pods);
        _lock = TryLock(Root, FileMode.OpenOrCreate) ?? throw new IOException($"Another model service uses '{Root}'.");
        // Root must be passable for the pods' users; below it each directory decides for itself.
        File.SetUnixFileMode(Root, SandboxLauncher.UsesHostUsers ? OwnerOnly | Passable : OwnerOnly);
        Empty(Root);
        _fallback = Path.Combine(options.Pods, "packages");
        Empty(_fallback);
        Runtime = Path.Combine(Root, "runtime");
        CopyRuntime(options.Runtime);
    }

    /// <summary>A name for this mesh on its host, for cgroups.</summary>
    public string MeshName { get; }

    /// <summary>The directory.</summary>
    public string Root { get; }

    /// <summary>The runtime, readable by everybody.</summary>
    public string Runtime { get; }

    /// <summary>Unseals a version's package for the pods of a group.</summary>
    /// <returns>The package's directory; to be removed with <see cref="Remove"/>.</returns>
    public async Task<string> UnpackAsync(PodVersion version, uint group, CancellationToken cancellationToken)
    {
        string parent = Path.Combine(Root, "packages");
        if (new DriveInfo(Root).AvailableFreeSpace < version.Size + Headroom)
        {
            LogOnDisk(version.Name, Root);
            parent = _fallback;
        }

        Directory.CreateDirectory(parent, SandboxLauncher.UsesHostUsers ? OwnerOnly | Passable : OwnerOnly);
        string directory = Path.Combine(parent, $"{version.Name.Model:N}-{version.Name.Number}-{Guid.NewGuid().ToString("N")[..6]}");
        Directory.CreateDirectory(directory, OwnerOnly);
        try
        {
            await version.Unpack(directory, cancellationToken);
            Hand(directory, group);
            return directory;
        }
        catch
        {
            Remove(directory);
            throw;
        }
    }

    /// <summary>Makes the directory of a replica's socket, writable by its user.</summary>
    public string CreateReplica(string id, uint user, uint group)
    {
        string parent = Path.Combine(Root, "pods");
        Directory.CreateDirectory(parent, SandboxLauncher.UsesHostUsers ? OwnerOnly | Passable : OwnerOnly);
        string directory = Path.Combine(parent, id);
        Directory.CreateDirectory(directory, OwnerOnly);
        if (SandboxLauncher.UsesHostUsers)
        {
            Posix.ChangeOwner(directory, user, group);
        }

        return directory;
    }

    /// <summary>
    /// Takes a replica's directory back once its socket exists: from then on the pod can neither replace the socket nor fill
    /// the host's file system through it.
    /// </summary>
    public static void SealReplica(string directory)
    {
        if (SandboxLauncher.UsesHostUsers)
        {
            Posix.ChangeOwner(directory, Posix.UserId, Posix.UserId);
            File.SetUnixFileMode(directory, OwnerOnly | Passable);
        }
    }

    /// <summary>Removes a directory made by this object.</summary>
    public static void Remove(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        // Directories of a package are read-only.
        foreach (string path in Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories).Prepend(directory))
        {
            File.SetUnixFileMode(path, OwnerOnly);
        }

        Directory.Delete(directory, recursive: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Empty(_fallback);
        Remove(Root);
        _lock.Dispose();
    }

    /// <summary>
    /// Removes directories whose service is gone and whose mesh may never start again: they hold packages in the clear. A
    /// directory without the lock file is being made.
    /// </summary>
    private static void RemoveAbandoned()
    {
        foreach (string directory in s_places.Where(Directory.Exists).SelectMany(p => Directory.EnumerateDirectories(p, Prefix + "*")).Where(Posix.IsOwnDirectory))
        {
            using FileStream? abandoned = TryLock(directory, FileMode.Open);
            if (abandoned is not null)
            {
                Remove(directory);
            }
        }
    }

    /// <summary>Takes the lock of a directory, which its service holds for as long as it lives; null if it is held or there is none.</summary>
    private static FileStream? TryLock(string directory, FileMode mode)
    {
        try
        {
            return new FileStream(Path.Combine(directory, LockName), mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The first place that can hold it: memory file systems, else the configured directory.</summary>
    private string OpenRoot(string configured)
    {
        string name = Posix.IsRoot ? MeshName : $"{MeshName}-{Posix.UserId.ToString(CultureInfo.InvariantCulture)}";
        foreach (string place in s_places)
        {
            string path = Path.Combine(place, name);
            try
            {
                if (Directory.Exists(place))
                {
                    Directory.CreateDirectory(path, OwnerOnly);
                    // Somebody else may have made it, or a link, where everybody may write.
                    if (Posix.IsOwnDirectory(path))
                    {
                        return path;
                    }
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }

        return configured;
    }

    private static void Empty(string directory)
    {
        if (Directory.Exists(directory))
        {
            foreach (string left in Directory.EnumerateDirectories(directory))
            {
                Remove(left);
            }
        }
    }

    /// <summary>The SDK, the validator and the contract; a clone in a home directory would not be reachable for the pods' users.</summary>
    private void CopyRuntime(string source)
    {
        foreach (string part in (string[])["medcloudcare", "validator"])
        {
            string target = Path.Combine(Runtime, part);
            Directory.CreateDirectory(target, EverybodyReads);
            foreach (string file in Directory.EnumerateFiles(Path.Combine(source, part), "*.py"))
            {
                Write(Path.Combine(target, Path.GetFileName(file)), File.ReadAllBytes(file));
            }
        }

        File.SetUnixFileMode(Runtime, EverybodyReads);
        var contract = new FileDescriptorSet();
        contract.File.Add(PodReflection.Descriptor.ToProto());
        Write(Path.Combine(Runtime, "pod.binpb"), Google.Protobuf.MessageExtensions.ToByteArray(contract));
    }

    private static void Write(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        File.SetUnixFileMode(path, EverybodyReads & ~Executes);
    }

    /// <summary>Lets the group read a package and nobody write it.</summary>
    private static void Hand(string directory, uint group)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories).Append(directory))
        {
            if (SandboxLauncher.UsesHostUsers)
            {
                Posix.ChangeOwner(path, Posix.UserId, group);
            }

            File.SetUnixFileMode(path, Directory.Exists(path) ? GroupReads : GroupReads & ~Executes);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The package of {Version} does not fit {Place}; it is unsealed to the disk while its pods run")]
    private partial void LogOnDisk(VersionName version, string place);
}
