namespace MedCloudCare.Jobs;

/// <summary>The <c>Inference</c> section of the configuration.</summary>
public sealed class InferenceOptions
{
    /// <summary>The keyring file.</summary>
    public string Keyring { get; set; } = "";

    /// <summary>
    /// Name of this process among the replicas, the same after a restart: it takes back its own jobs at once. Empty: host name
    /// and configuration file.
    /// </summary>
    public string Instance { get; set; } = "";

    /// <summary>Jobs that this process holds at the same time; most of them wait for a pod.</summary>
    public int Workers { get; set; } = 32;

    /// <summary>How long a job stays with a process that gives no sign of life.</summary>
    public double LeaseSeconds { get; set; } = 15;

    /// <summary>A third of the lease, so that two may be missed.</summary>
    public double HeartbeatSeconds { get; set; } = 5;

    /// <summary>
    /// How long a model may compute, counted from its first report of progress. Until then twice as long, since the pod may
    /// be busy with another call.
    /// </summary>
    public double JobMinutes { get; set; } = 30;

    /// <summary>How long a job waits while no replica of its model can be started.</summary>
    public double ReplicaMinutes { get; set; } = 5;

    /// <summary>Jobs of one account that have not ended.</summary>
    public int MaxUnfinishedJobs { get; set; } = 500;

    /// <summary>Voxels of one result.</summary>
    public int MaxResultMiB { get; set; } = 512;

    internal TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    internal TimeSpan Heartbeat => TimeSpan.FromSeconds(HeartbeatSeconds);

    internal TimeSpan JobTimeout => TimeSpan.FromMinutes(JobMinutes);

    internal TimeSpan ReplicaTimeout => TimeSpan.FromMinutes(ReplicaMinutes);

    internal long MaxResultBytes => (long)MaxResultMiB << 20;

    internal string InstanceName => Instance.Length > 0
        ? Instance
        : $"{Environment.MachineName}:{Environment.GetEnvironmentVariable("MCC_CONFIG")}";
}
