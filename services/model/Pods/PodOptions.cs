namespace MedCloudCare.Models.Pods;

/// <summary>The <c>Model</c> section of the service's configuration.</summary>
public sealed class PodOptions
{
    /// <summary>Directory of sealed packages.</summary>
    public string Store { get; set; } = "";

    /// <summary>The mesh's keyring.</summary>
    public string Keyring { get; set; } = "";

    /// <summary>Directory for what pods need while they run. Packages are unsealed to a memory file system where there is one.</summary>
    public string Pods { get; set; } = "";

    /// <summary>The Python runtime: the directory that holds <c>medcloudcare</c> and <c>validator</c>.</summary>
    public string Runtime { get; set; } = "";

    /// <summary>Replicas of a version that is awake.</summary>
    public int Replicas { get; set; } = 3;

    /// <summary>Minutes after the last watch until a version is scaled to zero.</summary>
    public double IdleMinutes { get; set; } = 10;

    /// <summary>Memory of a pod.</summary>
    public int PodMemoryMiB { get; set; } = 4096;

    /// <summary>Size of a pod's temporary directory, which counts as memory; 0: half of the memory.</summary>
    public int PodTemporaryMiB { get; set; }

    /// <summary>Processes and threads of a pod.</summary>
    public int PodProcesses { get; set; } = 256;

    /// <summary>Processors of a pod; 0: all.</summary>
    public double PodCpus { get; set; }

    /// <summary>Seconds that a pod may take to load its model.</summary>
    public double StartSeconds { get; set; } = 300;

    /// <summary>Seconds between two pings of a pod, and until one without an answer counts as its end; at least 1.</summary>
    public double PingSeconds { get; set; } = 10;

    /// <summary>First host user of the range for pods.</summary>
    public uint FirstUser { get; set; } = 64000;

    /// <summary>Limits of one pod.</summary>
    public MedCloudCare.Sandbox.SandboxLimits Limits =>
        new(PodMemoryMiB, PodTemporaryMiB > 0 ? PodTemporaryMiB : Math.Max(16, PodMemoryMiB / 2), PodProcesses, PodCpus);
}
