using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace MedCloudCare.Jobs.Changes;

/// <summary>Tells the watchers of a job, and the dispatcher, inside this process that something changed. Thread-safe.</summary>
public sealed class JobChanges
{
    private readonly ConcurrentDictionary<Guid, ImmutableHashSet<Subscription>> _watched = new();

    /// <summary>Set when there may be a job to take.</summary>
    public Signal Work { get; } = new();

    /// <summary>Watches a job until disposed. Subscribe before reading the job, so that no change is missed.</summary>
    public Subscription Subscribe(Guid job)
    {
        var subscription = new Subscription(this, job);
        _watched.AddOrUpdate(job, _ => [subscription], (_, all) => all.Add(subscription));
        return subscription;
    }

    /// <summary>A job changed.</summary>
    public void Announce(Guid job)
    {
        if (!_watched.TryGetValue(job, out var subscriptions)) return;
        foreach (var subscription in subscriptions) subscription.Changes.Set();
    }

    /// <summary>Announcements may have been missed: everybody looks again.</summary>
    public void AnnounceAll()
    {
        foreach (var job in _watched.Keys) Announce(job);
        Work.Set();
    }

    private void Remove(Subscription subscription)
    {
        while (_watched.TryGetValue(subscription.Job, out var all))
        {
            var rest = all.Remove(subscription);
            var done = rest.IsEmpty
                ? _watched.TryRemove(KeyValuePair.Create(subscription.Job, all))
                : _watched.TryUpdate(subscription.Job, rest, all);
            if (done) return;
        }
    }

    /// <summary>One watcher of one job.</summary>
    public sealed class Subscription(JobChanges changes, Guid job) : IDisposable
    {
        public Guid Job => job;

        /// <summary>Set since the last wait if the job changed.</summary>
        public Signal Changes { get; } = new();

        public void Dispose() => changes.Remove(this);
    }
}
