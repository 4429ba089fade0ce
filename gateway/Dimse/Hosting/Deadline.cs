namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>One timer for all the waits of a connection, set anew for each.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;

    /// <param name="stop">Ends every wait at once.</param>
    public Deadline(TimeProvider time, CancellationToken stop)
    {
        _timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, stop);
    }

    /// <summary>Cancelled when the time is over.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over.</summary>
    public bool HasPassed => _timer.IsCancellationRequested;

    /// <summary>So long from now on.</summary>
    public void Set(TimeSpan time) => _timer.CancelAfter(time);

    /// <summary>Without end, until it is set again.</summary>
    public void Suspend() => _timer.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
