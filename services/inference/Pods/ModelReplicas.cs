using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Grpc.Net.Client;
using MedCloudCare.Common.V1;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Jobs.Pods;

/// <summary>
/// The replicas of one model version as the model service streams them. Gives the ready one with the least outstanding work.
/// Watching keeps the version awake. Thread-safe.
/// </summary>
internal sealed class ModelReplicas : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250), LastRetry = TimeSpan.FromSeconds(5);
    // A job that lost a pod waits this long for another one before it takes the same again.
    private static readonly TimeSpan PreferOther = TimeSpan.FromSeconds(3);
    // A pod computes one call at a time; a second one is sent meanwhile, so that the next computation starts at once.
    private const int MaxOutstanding = 2;

    private readonly ModelService.ModelServiceClient _models;
    private readonly PodChannel _channels;
    private readonly string _version;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _replicas = new(StringComparer.Ordinal);
    private readonly Task _watching;
    private TaskCompletionSource _changed = NewSource();
    private bool _connected, _gone;

    public ModelReplicas(ModelService.ModelServiceClient models, PodChannel channels, string version)
    {
        (_models, _channels, _version) = (models, channels, version);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Why no replica can be started, in words; empty while there is no problem.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Waits for a ready replica that has room for a call; as long as it takes while replicas are ready and busy.</summary>
    /// <param name="avoid">Replicas that this job lost; taken only when there is no other for a while.</param>
    /// <param name="timeout">How long to wait while no replica is ready.</param>
    /// <exception cref="JobFailedException">MODEL_NOT_READY: there is no such version, or none became ready in time.</exception>
    /// <exception cref="TryLaterException">The model service did not answer in that time.</exception>
    public async Task<ReplicaUse> AcquireAsync(IReadOnlySet<string> avoid, TimeSpan timeout, CancellationToken cancellation)
    {
        var start = TimeProvider.System.GetTimestamp();
        var lastReady = start;
        while (true)
        {
            Task changed;
            var waited = TimeProvider.System.GetElapsedTime(start);
            lock (_gate)
            {
                if (_gone) throw new JobFailedException(Reason.ModelNotReady, "This version of the model does not exist any more.");
                if (Choose(avoid, waited) is { } entry) return new ReplicaUse(this, entry);
                if (_replicas.Values.Any(x => x.Ready)) lastReady = TimeProvider.System.GetTimestamp();
                changed = _changed.Task;
            }

            var left = timeout - TimeProvider.System.GetElapsedTime(lastReady);
            if (left <= TimeSpan.Zero) throw TimedOut();
            var wait = waited < PreferOther && PreferOther - waited < left ? PreferOther - waited : left;
            try
            {
                await changed.WaitAsync(wait, cancellation);
            }
            catch (TimeoutException)
            {
                // Looks again with the longer wait counted.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            foreach (var entry in _replicas.Values) entry.Channel.Dispose();
            _replicas.Clear();
        }

        _stop.Dispose();
    }

    private Exception TimedOut()
    {
        lock (_gate)
        {
            if (!_connected) return new TryLaterException("The model service does not answer.");
            return new JobFailedException(Reason.ModelNotReady, "No replica of the model became ready.", Problem);
        }
    }

    private Entry? Choose(IReadOnlySet<string> avoid, TimeSpan waited)
    {
        var ready = _replicas.Values.Where(x => x.Ready && x.Outstanding < MaxOutstanding && (waited >= PreferOther || !avoid.Contains(x.Id)));
        var chosen = ready.MinBy(x => x.Outstanding);
        if (chosen is not null) chosen.Outstanding++;
        return chosen;
    }

    private void Return(Entry entry) => Change(() =>
    {
        entry.Outstanding--;
        if (entry.Gone && entry.Outstanding == 0) entry.Channel.Dispose();
    });

    private async Task WatchAsync()
    {
        var retry = FirstRetry;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var call = _models.WatchReplicas(new WatchReplicasRequest { Version = _version }, cancellationToken: _stop.Token);
                await foreach (var set in call.ResponseStream.ReadAllAsync(_stop.Token))
                {
                    retry = FirstRetry;
                    Update(set);
                }
            }
            catch (RpcException e) when (MeshErrors.Is(e, Reason.NotFound))
            {
                Change(() => _gone = true);
                return;
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException)
            {
                // Replicas that are known stay in use: pods on a cluster do not depend on the model service, and those that ended
                // with it are suspected as soon as they do not answer.
            }

            Change(() => _connected = false);
            await Task.Delay(retry, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
        }
    }

    private void Update(ReplicaSet set) => Change(() =>
    {
        _connected = true;
        Problem = PodLimits.Cut(set.Problem, PodLimits.MaxMessageText);
        foreach (var replica in set.Replicas.Where(x => x.Endpoint.Length > 0))
        {
            if (!_replicas.TryGetValue(replica.Id, out var entry) && !TryOpen(replica, out entry)) continue;
            entry.Ready = replica.State == Replica.Types.State.Ready;
        }

        var present = set.Replicas.Select(x => x.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in _replicas.Values.Where(x => !present.Contains(x.Id)).ToList())
        {
            _replicas.Remove(entry.Id);
            entry.Gone = true;
            if (entry.Outstanding == 0) entry.Channel.Dispose();
        }
    });

    private bool TryOpen(Replica replica, [NotNullWhen(true)] out Entry? entry)
    {
        entry = null;
        try
        {
            _replicas[replica.Id] = entry = new Entry(replica.Id, _channels.Open(replica.Endpoint));
            return true;
        }
        catch (Exception e) when (e is ArgumentException or UriFormatException)
        {
            Problem = "A replica has an endpoint that cannot be reached from here.";
            return false;
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            change();
            (changed, _changed) = (_changed, NewSource());
        }

        changed.SetResult();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal sealed class Entry(string id, GrpcChannel channel)
    {
        public string Id => id;

        public GrpcChannel Channel => channel;

        public int Outstanding { get; set; }

        public bool Ready { get; set; }

        public bool Gone { get; set; }
    }

    /// <summary>A replica in use by one call.</summary>
    internal sealed class ReplicaUse(ModelReplicas all, Entry entry) : IDisposable
    {
        public string Id => entry.Id;

        public GrpcChannel Channel => entry.Channel;

        /// <summary>Gives it no further call until the model service says again that it is ready.</summary>
        public void Suspect() => all.Change(() => entry.Ready = false);

        public void Dispose() => all.Return(entry);
    }
}
