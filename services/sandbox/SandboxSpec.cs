namespace MedCloudCare.Sandbox;

/// <summary>What a sandboxed process gets.</summary>
public sealed record SandboxSpec
{
    /// <summary>How many <see cref="Files"/> there may be: they are handed on as file descriptors of one digit.</summary>
    public const int MaxFiles = 6;

    /// <summary>Names the cgroup; letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>The program and its arguments, by their paths inside.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Host user of the process; ignored unless the service is root.</summary>
    public uint User { get; init; }

    /// <summary>Host group of the process; ignored unless the service is root.</summary>
    public uint Group { get; init; }

    /// <summary>Host paths that are visible read-only: (outside, inside).</summary>
    public IReadOnlyList<(string Outside, string Inside)> ReadOnly { get; init; } = [];

    /// <summary>Host paths that are visible and writable: (outside, inside).</summary>
    public IReadOnlyList<(string Outside, string Inside)> Writable { get; init; } = [];

    /// <summary>
    /// Host files that are visible read-only as copies: (outside, inside). They need only be readable by the service, not by
    /// the sandbox's host user. At most <see cref="MaxFiles"/>.
    /// </summary>
    public IReadOnlyList<(string Outside, string Inside)> Files { get; init; } = [];

    /// <summary>Whether the process reads its input from a pipe; otherwise it reads nothing.</summary>
    public bool HasInput { get; init; }

    /// <summary>Environment variables beside PATH, HOME and LANG.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Limits.</summary>
    public required SandboxLimits Limits { get; init; }
}

/// <summary>Limits of a sandbox.</summary>
/// <param name="MemoryMiB">Memory, the temporary directory included, where the host has cgroups.</param>
/// <param name="TemporaryMiB">Size of the temporary directory, which is also the largest file.</param>
/// <param name="Processes">Processes and threads.</param>
/// <param name="Cpus">Processors; 0: all.</param>
public sealed record SandboxLimits(int MemoryMiB, int TemporaryMiB, int Processes, double Cpus)
{
    /// <summary>Private writable memory of one process (RLIMIT_DATA), which holds without cgroups too; 0: no such limit.</summary>
    public int DataMiB { get; init; }
}
