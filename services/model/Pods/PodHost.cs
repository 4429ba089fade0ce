using MedCloudCare.Sandbox;

namespace MedCloudCare.Models.Pods;

/// <summary>What all replicas on this host share.</summary>
public sealed class PodHost : IDisposable
{
    /// <param name="options">Limits and places.</param>
    /// <param name="directories">What pods see of the host.</param>
    public PodHost(PodOptions options, PodDirectories directories)
    {
        Options = options;
        Directories = directories;
        var cgroups = new Cgroups(directories.MeshName);
        cgroups.Sweep();
        Launcher = new SandboxLauncher(directories.Root, cgroups);
        Users = new HostUsers(options.FirstUser, int.Parse(directories.MeshName[^6..], System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture));
        Reaper = new CgroupReaper(cgroups);
    }

    /// <summary>Limits and places.</summary>
    public PodOptions Options { get; }

    /// <summary>What pods see of the host.</summary>
    public PodDirectories Directories { get; }

    /// <summary>Starts sandboxes.</summary>
    public SandboxLauncher Launcher { get; }

    /// <summary>Host users of pods.</summary>
    public HostUsers Users { get; }

    /// <summary>Removes cgroups.</summary>
    public CgroupReaper Reaper { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Launcher.Dispose();
        Reaper.Finish();
        Launcher.Cgroups.Close();
    }
}

/// <summary>Removes the cgroups of sandboxes that have ended: the kernel lets go of one a moment after its last process.</summary>
public sealed class CgroupReaper(Cgroups cgroups)
{
    private const int Tries = 100;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Task> _removing = new();

    /// <summary>Removes a sandbox's groups as soon as they are empty.</summary>
    public void Remove(string name)
    {
        if (!cgroups.Remove(name))
        {
            _removing[name] = Task.Run(() => RemoveLaterAsync(name));
        }
    }

    /// <summary>Waits for what is being removed.</summary>
    public void Finish() => Task.WaitAll(_removing.Values);

    private async Task RemoveLaterAsync(string name)
    {
        for (int tries = 0; tries < Tries && !cgroups.Remove(name); tries++)
        {
            await Task.Delay(s_pause);
        }

        _removing.TryRemove(name, out _);
    }
}
