using System.Globalization;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Models.Pods;

/// <summary>
/// The replicas of one version: as many slots as replicas are wanted, each a loop that starts a replica, waits for its end
/// and replaces it, later each time that one did not become ready. Until somebody watches, only the first slot runs.
/// </summary>
internal sealed partial class VersionPods : IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly PodHost _host;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _watched = NewSignal();
    private readonly Slot[] _slots;
    private readonly Task _running;
    private TaskCompletionSource _changed = NewSignal();
    private string _problem = "";
    private int _watches;

    public VersionPods(PodHost host, PodVersion version, PodLog log, TimeProvider time, ILogger logger)
    {
        _host = host;
        _time = time;
        _logger = logger;
        Version = version;
        Log = log;
        IdleSince = time.GetUtcNow();
        _slots = [.. Enumerable.Range(0, host.Options.Replicas).Select(_ => new Slot())];
        _running = Task.Run(RunAsync);
    }

    public PodVersion Version { get; }

    public PodLog Log { get; }

    /// <summary>Since when nobody watches; null while somebody does.</summary>
    public DateTimeOffset? IdleSince { get; private set; }

    /// <summary>Whether anybody ever has.</summary>
    public bool WasWatched => _watched.Task.IsCompleted;

    /// <summary>Counts a watch. Not thread-safe: the orchestrator holds its lock.</summary>
    public void Attach()
    {
        _watches++;
        IdleSince = null;
        _watched.TrySetResult();
    }

    /// <summary>Counts the end of a watch. Not thread-safe: the orchestrator holds its lock.</summary>
    public void Detach()
    {
        if (--_watches == 0)
        {
            IdleSince = _time.GetUtcNow();
        }
    }

    /// <summary>The replicas now, and a task that completes with the next change.</summary>
    public (ReplicaSet Replicas, Task Changed) Snapshot()
    {
        Task changed = Volatile.Read(ref _changed).Task;
        var set = new ReplicaSet { Desired = _slots.Length };
        foreach (Slot slot in _slots)
        {
            if (slot.Replica is { } replica)
            {
                set.Replicas.Add(new Replica
                {
                    Id = replica.Id,
                    State = slot.Failed ? Replica.Types.State.Failed : replica.State,
                    Endpoint = "unix://" + replica.Socket,
                    Restarts = slot.Restarts,
                });
            }
        }

        if (!set.Replicas.Any(r => r.State == Replica.Types.State.Ready))
        {
            set.Problem = Volatile.Read(ref _problem);
        }

        return (set, changed);
    }

    /// <summary>Ends the replicas and removes the package.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        string? package = null;
        uint group = _host.Users.Take();
        try
        {
            for (TimeSpan pause = s_firstPause; package is null; pause = Longer(pause))
            {
                try
                {
                    package = await _host.Directories.UnpackAsync(Version, group, _stop.Token);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // A broken seal or a missing file does not mend itself, a full memory file system may.
                    LogUnpackFailed(error, Version.Name);
                    Fail("the package cannot be read; ask the operator");
                    await Task.Delay(pause, _time, _stop.Token);
                }
            }

            string directory = package;
            Task first = RunSlotAsync(_slots[0], directory, group);
            await Task.WhenAny(first, _watched.Task);
            await Task.WhenAll(_slots.Skip(1).Select(slot => RunSlotAsync(slot, directory, group)).Append(first));
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
        finally
        {
            if (package is not null)
            {
                PodDirectories.Remove(package);
            }

            _host.Users.Return(group);
        }
    }

    private async Task RunSlotAsync(Slot slot, string package, uint group)
    {
        TimeSpan pause = s_firstPause;
        while (!_stop.IsCancellationRequested)
        {
            string? reason;
            try
            {
                using var replica = new PodReplica(_host, Version, group, Log, Signal);
                slot.Show(replica);
                Signal();
                reason = await replica.RunAsync(package, _stop.Token);
                pause = replica.WasReady ? s_firstPause : Longer(pause);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                LogStartFailed(error, Version.Name);
                reason = "the sandbox cannot be started; ask the operator";
                pause = Longer(pause);
            }

            if (reason is null)
            {
                return;
            }

            slot.Failed = true;
            slot.Restarts++;
            LogEnded(Version.Name, slot.Restarts);
            Fail(reason);
            await Task.Delay(pause, _time, _stop.Token);
        }
    }

    private void Fail(string reason)
    {
        Log.LastFailure = reason;
        Volatile.Write(ref _problem, reason);
        Signal();
    }

    private void Signal() => Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < s_longestPause ? pause * 2 : s_longestPause;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(Level = LogLevel.Error, Message = "The package of {Version} cannot be unsealed")]
    private partial void LogUnpackFailed(Exception error, VersionName version);

    [LoggerMessage(Level = LogLevel.Error, Message = "A sandbox for {Version} cannot be started")]
    private partial void LogStartFailed(Exception error, VersionName version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A replica of {Version} has ended and is replaced (restart {Restarts} of its place)")]
    private partial void LogEnded(VersionName version, int restarts);

    /// <summary>The place of one replica.</summary>
    private sealed class Slot
    {
        public PodReplica? Replica { get; private set; }

        public bool Failed { get; set; }

        public int Restarts { get; set; }

        public void Show(PodReplica replica)
        {
            Replica = replica;
            Failed = false;
        }
    }
}
