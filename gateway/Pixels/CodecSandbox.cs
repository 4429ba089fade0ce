using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using MedCloudCare.Sandbox;

namespace MedCloudCare.Gateway.Pixels;

/// <summary>Starts codec processes in sandboxes: no network, no files but the runtime, no capabilities, memory and time limited.</summary>
internal sealed class CodecSandbox : IDisposable
{
    private const int TemporaryMiB = 1;
    private const int Threads = 64;

    private readonly CodecOptions _options;
    private readonly CodecRuntime _runtime;
    private readonly SandboxLauncher _launcher;
    private readonly HostUsers _users;
    private readonly DirectoryInfo _directory;
    private int _started;

    /// <param name="data">The mesh's data directory, whose path names its control groups.</param>
    /// <exception cref="IOException">The runtime cannot be made visible.</exception>
    public CodecSandbox(CodecOptions options, string data)
    {
        if (SandboxLauncher.Obstacle() is { } obstacle) throw new IOException(obstacle);
        _options = options;
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(data.Length > 0 ? data : AppContext.BaseDirectory)));
        var name = "mcc-codec-" + Convert.ToHexStringLower(digest)[..10];
        _runtime = new CodecRuntime(name);
        _directory = Directory.CreateTempSubdirectory(name);
        var cgroups = new Cgroups(name);
        cgroups.Sweep();
        _launcher = new SandboxLauncher(_directory.FullName, cgroups);
        _users = new HostUsers(options.FirstUser, seed: BitConverter.ToUInt16(digest));
    }

    /// <summary>Starts a process; <see cref="Release"/> is called with its name and user once it has ended.</summary>
    public (Process Process, string Name, uint User) Start()
    {
        var name = $"codec-{Interlocked.Increment(ref _started)}-{Guid.NewGuid().ToString("N")[..6]}";
        var user = SandboxLauncher.UsesHostUsers ? _users.Take() : 0;
        try
        {
            var spec = new SandboxSpec
            {
                Name = name,
                Command = _runtime.Command,
                User = user,
                Group = user,
                HasInput = true,
                ReadOnly = _runtime.ReadOnly,
                Files = CodecRuntime.Files,
                Environment = CodecRuntime.Environment(_options.MemoryMiB),

                // The limit of private memory holds where there are no control groups. The runtime reserves more than it uses.
                Limits = new SandboxLimits(_options.MemoryMiB, TemporaryMiB, Threads, Cpus: 0) { DataMiB = _options.MemoryMiB * 2 },
            };
            return (_launcher.Start(spec), name, user);
        }
        catch
        {
            Release(name, user);
            throw;
        }
    }

    public void Release(string name, uint user)
    {
        _launcher.Cgroups.Remove(name);
        if (SandboxLauncher.UsesHostUsers) _users.Return(user);
    }

    public void Dispose()
    {
        _launcher.Dispose();
        _launcher.Cgroups.Close();
        _runtime.Dispose();
        _directory.Delete(recursive: true);
    }
}
