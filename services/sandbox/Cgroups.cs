namespace MedCloudCare.Sandbox;

/// <summary>
/// Control groups of the sandboxes, version 1 or 2, where the host lets this process make them. Every sandbox has a group
/// of its own below one of the mesh.
/// </summary>
public sealed class Cgroups
{
    private const string Root = "/sys/fs/cgroup";
    private const int PeriodMicroseconds = 100_000;
    private static readonly string[] s_controllers = ["memory", "pids", "cpu"];

    private readonly string _mesh;
    private readonly bool _unified;
    private readonly List<string> _usable = [];

    /// <param name="mesh">Name of the mesh's own group.</param>
    public Cgroups(string mesh)
    {
        _mesh = mesh;
        _unified = File.Exists(Path.Combine(Root, "cgroup.controllers"));
        foreach (string controller in s_controllers)
        {
            if (Prepare(controller))
            {
                _usable.Add(controller);
            }
        }
    }

    /// <summary>The controllers that can be used: some of memory, pids, cpu.</summary>
    public IReadOnlyList<string> Usable => _usable;

    /// <summary>Whether memory is limited by the kernel.</summary>
    public bool LimitsMemory => _usable.Contains("memory");

    /// <summary>Makes the groups of a sandbox and sets its limits.</summary>
    /// <returns>The files to which a process writes its id to join.</returns>
    public IReadOnlyList<string> Create(string name, SandboxLimits limits)
    {
        var joins = new List<string>();
        foreach (string directory in DirectoriesOf(name))
        {
            Directory.CreateDirectory(directory);
            joins.Add(Path.Combine(directory, "cgroup.procs"));
        }

        long memory = (long)limits.MemoryMiB << 20;
        long quota = limits.Cpus > 0 ? (long)(limits.Cpus * PeriodMicroseconds) : -1;
        if (_unified)
        {
            Set("memory", name, "memory.max", memory);
            Set("memory", name, "memory.swap.max", 0, optional: true);
            Set("pids", name, "pids.max", limits.Processes);
            Set("cpu", name, "cpu.max", quota < 0 ? $"max {PeriodMicroseconds}" : $"{quota} {PeriodMicroseconds}");
        }
        else
        {
            Set("memory", name, "memory.limit_in_bytes", memory);
            Set("memory", name, "memory.memsw.limit_in_bytes", memory, optional: true);
            Set("pids", name, "pids.max", limits.Processes);
            Set("cpu", name, "cpu.cfs_period_us", PeriodMicroseconds, optional: true);
            Set("cpu", name, "cpu.cfs_quota_us", quota, optional: true);
        }

        return joins;
    }

    /// <summary>How many processes of the sandbox the kernel has killed because its memory ran out.</summary>
    public int OutOfMemoryKills(string name)
    {
        if (!LimitsMemory)
        {
            return 0;
        }

        string file = Path.Combine(DirectoryOf("memory", name), _unified ? "memory.events" : "memory.oom_control");
        try
        {
            string? line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith("oom_kill ", StringComparison.Ordinal));
            return line is not null && int.TryParse(line.AsSpan("oom_kill ".Length), out int kills) ? kills : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Removes the groups of a sandbox; false while a process is still in one.</summary>
    public bool Remove(string name)
    {
        bool removed = true;
        foreach (string directory in DirectoriesOf(name).Where(Directory.Exists))
        {
            try
            {
                // Only the directory itself can be removed, its files cannot.
                Directory.Delete(directory, recursive: false);
            }
            catch (IOException)
            {
                removed = false;
            }
        }

        return removed;
    }

    /// <summary>Ends what is left in the groups of an earlier run and removes them.</summary>
    public void Sweep()
    {
        foreach (string mesh in _usable.Select(c => Path.GetDirectoryName(DirectoryOf(c, "x"))!).Distinct())
        {
            foreach (string left in Directory.EnumerateDirectories(mesh))
            {
                Remove(Path.GetFileName(left));
            }
        }
    }

    /// <summary>Removes the mesh's own groups, unless a sandbox is left in them.</summary>
    public void Close()
    {
        foreach (string mesh in _usable.Select(c => Path.GetDirectoryName(DirectoryOf(c, "x"))!).Distinct().Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(mesh, recursive: false);
            }
            catch (IOException)
            {
                // The next start of this mesh finds it and goes on with it.
            }
        }
    }

    private IEnumerable<string> DirectoriesOf(string name) => _usable.Select(c => DirectoryOf(c, name)).Distinct();

    private string DirectoryOf(string controller, string name) =>
        _unified ? Path.Combine(Root, _mesh, name) : Path.Combine(Root, controller, _mesh, name);

    /// <summary>Makes the mesh's group of a controller, if that is possible here.</summary>
    private bool Prepare(string controller)
    {
        try
        {
            string mesh = Path.GetDirectoryName(DirectoryOf(controller, "x"))!;
            if (_unified)
            {
                if (!File.ReadAllText(Path.Combine(Root, "cgroup.controllers")).Split(' ', '\n').Contains(controller))
                {
                    return false;
                }

                Directory.CreateDirectory(mesh);
                File.WriteAllText(Path.Combine(Root, "cgroup.subtree_control"), $"+{controller}");
                File.WriteAllText(Path.Combine(mesh, "cgroup.subtree_control"), $"+{controller}");
                return true;
            }

            // Without the controller's hierarchy this would be an ordinary directory.
            if (!File.Exists(Path.Combine(Root, controller, "cgroup.procs")))
            {
                return false;
            }

            Directory.CreateDirectory(mesh);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Set(string controller, string name, string file, long value, bool optional = false) =>
        Set(controller, name, file, value.ToString(System.Globalization.CultureInfo.InvariantCulture), optional);

    private void Set(string controller, string name, string file, string value, bool optional = false)
    {
        if (!_usable.Contains(controller))
        {
            return;
        }

        try
        {
            File.WriteAllText(Path.Combine(DirectoryOf(controller, name), file), value);
        }
        catch (Exception error) when (optional && error is IOException or UnauthorizedAccessException)
        {
            // Swap accounting and CPU bandwidth are options of the kernel.
        }
    }
}
