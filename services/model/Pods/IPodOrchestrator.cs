using MedCloudCare.Model.V1;

namespace MedCloudCare.Models.Pods;

/// <summary>
/// Runs the pods of model versions: awake while somebody watches, asleep some time later. Implementations: sandboxed
/// processes on this host, or Deployments of a Kubernetes cluster.
/// </summary>
public interface IPodOrchestrator
{
    /// <summary>Wakes a version and gives its replicas now and on every change, until cancelled.</summary>
    IAsyncEnumerable<ReplicaSet> WatchAsync(PodVersion version, CancellationToken cancellationToken);

    /// <summary>Starts one pod of a version ahead of its use; the others follow when somebody watches.</summary>
    void Warm(PodVersion version);

    /// <summary>What a researcher may know of a version's pods; of one that sleeps, what is left of its last life.</summary>
    PodReport Report(VersionName version);
}

/// <summary>A model version by its numbers.</summary>
public readonly record struct VersionName(Guid Model, int Number)
{
    /// <summary><c>models/{uuid}/versions/{number}</c>.</summary>
    public override string ToString() => $"models/{Model:D}/versions/{Number}";
}

/// <summary>A version as its pods need it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Task">What it does.</param>
/// <param name="Digest">Digest of its package.</param>
/// <param name="Size">Bytes of its files.</param>
/// <param name="Unpack">Writes the files of the package to a directory.</param>
public sealed record PodVersion(
    VersionName Name, InferType Task, string Digest, long Size, Func<string, CancellationToken, Task> Unpack);

/// <summary>The state of a version's pods.</summary>
/// <param name="Replicas">The replicas.</param>
/// <param name="LastFailure">Why the last replica ended; empty if none did.</param>
/// <param name="Log">The last lines that the model printed.</param>
public sealed record PodReport(ReplicaSet Replicas, string LastFailure, IReadOnlyList<string> Log);
