namespace MedCloudCare.Studies;

/// <summary>Tells the worker that something was deleted, so that bytes go soon. Thread-safe.</summary>
internal sealed class DeletionSignal : IDisposable
{
    private readonly SemaphoreSlim _set = new(0, 1);

    public void Set()
    {
        lock (_set)
        {
            if (_set.CurrentCount == 0)
            {
                _set.Release();
            }
        }
    }

    /// <summary>Waits for a deletion, at most for a time.</summary>
    public Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _set.WaitAsync(limit, cancellationToken);

    public void Dispose() => _set.Dispose();
}
