using System.Collections.Concurrent;

namespace MedCloudCare.Jobs.Work;

/// <summary>Why a run was told to stop.</summary>
public enum StopCause
{
    None,

    /// <summary>The job was cancelled or belongs to another process: nothing more is written.</summary>
    Lost,

    /// <summary>This process ends: the job goes back to the queue.</summary>
    Shutdown,
}

/// <summary>The jobs that this process runs now. Thread-safe.</summary>
public sealed class RunningJobs
{
    private readonly ConcurrentDictionary<Guid, Run> _runs = new();

    /// <summary>Ids and fencing tokens.</summary>
    public IReadOnlyList<(Guid Id, long Fence)> Held => [.. _runs.Select(x => (x.Key, x.Value.Fence))];

    /// <summary>Registers a run until it is disposed.</summary>
    public Run Start(Guid job, long fence)
    {
        var run = new Run(this, job, fence);
        // An earlier run of the same job in this process has lost its lease, or it could not have been claimed.
        _runs.AddOrUpdate(job, run, (_, earlier) =>
        {
            earlier.Stop(StopCause.Lost);
            return run;
        });
        return run;
    }

    /// <summary>Stops the run of a job that was cancelled.</summary>
    public void Stop(Guid job)
    {
        if (_runs.TryGetValue(job, out var run)) run.Stop(StopCause.Lost);
    }

    /// <summary>Stops the runs whose lease is gone.</summary>
    public void StopExcept(IReadOnlyCollection<(Guid Id, long Fence)> checkedJobs, IReadOnlySet<(Guid Id, long Fence)> renewed)
    {
        foreach (var (id, fence) in checkedJobs)
        {
            if (!renewed.Contains((id, fence)) && _runs.TryGetValue(id, out var run) && run.Fence == fence) run.Stop(StopCause.Lost);
        }
    }

    /// <summary>Stops all runs.</summary>
    public void StopAll(StopCause cause)
    {
        foreach (var run in _runs.Values) run.Stop(cause);
    }

    /// <summary>One run of one job.</summary>
    public sealed class Run(RunningJobs all, Guid job, long fence) : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Lock _gate = new();
        private bool _disposed;

        public long Fence => fence;

        /// <summary>Cancelled when the run has to stop.</summary>
        public CancellationToken Stopping => _stop.Token;

        public StopCause Cause { get; private set; }

        public void Stop(StopCause cause)
        {
            lock (_gate)
            {
                if (_disposed || Cause != StopCause.None) return;
                Cause = cause;
            }

            // Callbacks of the token must not run under the lock, nor hold up the caller.
            _ = _stop.CancelAsync();
        }

        public void Dispose()
        {
            lock (_gate) _disposed = true;
            all._runs.TryRemove(KeyValuePair.Create(job, this));
        }
    }
}
