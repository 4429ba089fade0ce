using MedCloudCare.Model.V1;

namespace MedCloudCare.Jobs.Pods;

/// <summary>One watch for each model version that has jobs here, and for a little longer, so that the next job finds it awake. Thread-safe.</summary>
public sealed class ReplicaDirectory(ModelService.ModelServiceClient models, PodChannel channels) : IAsyncDisposable
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Watched> _versions = new(StringComparer.Ordinal);

    /// <summary>Opens the watch of a version until disposed.</summary>
    internal Use Open(string version)
    {
        lock (_gate)
        {
            if (!_versions.TryGetValue(version, out var watched)) _versions[version] = watched = new Watched(new ModelReplicas(models, channels, version));
            watched.Users++;
            watched.Generation++;
            return new Use(this, version, watched);
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<Watched> all;
        lock (_gate)
        {
            all = [.. _versions.Values];
            _versions.Clear();
        }

        foreach (var watched in all) await watched.Replicas.DisposeAsync();
    }

    private void Close(string version, Watched watched)
    {
        int generation;
        lock (_gate)
        {
            if (--watched.Users > 0) return;
            generation = watched.Generation;
        }

        _ = EndAsync(version, watched, generation);
    }

    private async Task EndAsync(string version, Watched watched, int generation)
    {
        await Task.Delay(Linger);
        lock (_gate)
        {
            if (watched.Users > 0 || watched.Generation != generation || !_versions.TryGetValue(version, out var current) || current != watched) return;
            _versions.Remove(version);
        }

        await watched.Replicas.DisposeAsync();
    }

    internal sealed class Watched(ModelReplicas replicas)
    {
        public ModelReplicas Replicas => replicas;

        public int Users { get; set; }

        /// <summary>Tells a pending end that somebody used the watch in the meantime.</summary>
        public int Generation { get; set; }
    }

    /// <summary>Use of a version's watch.</summary>
    internal sealed class Use(ReplicaDirectory directory, string version, Watched watched) : IDisposable
    {
        public ModelReplicas Replicas => watched.Replicas;

        public void Dispose() => directory.Close(version, watched);
    }
}
