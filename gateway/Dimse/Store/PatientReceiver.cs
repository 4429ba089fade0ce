using MedCloudCare.Gateway.Dimse.Messages;

namespace MedCloudCare.Gateway.Dimse.Store;

/// <summary>
/// After an instance that the archive could not take, waits for the archive before the next one begins: while a service restarts
/// a sender sees one failure and a pause instead of a failure for each of its instances. Not thread-safe.
/// </summary>
/// <param name="inner">Takes the instances.</param>
/// <param name="isServing">Whether the archive serves now.</param>
/// <param name="patience">How long it is waited for.</param>
internal sealed class PatientReceiver(IInstanceReceiver inner, Func<CancellationToken, Task<bool>> isServing, TimeSpan patience, TimeProvider time) : IInstanceReceiver
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private bool _isDoubtful;

    public async ValueTask BeginAsync(InstanceHeading heading, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        while (_isDoubtful && !await isServing(cancellation) && time.GetElapsedTime(since) < patience) await Task.Delay(Interval, time, cancellation);
        _isDoubtful = false;
        await inner.BeginAsync(heading, cancellation);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellation) => inner.WriteAsync(piece, cancellation);

    public async ValueTask<DimseStatus> EndAsync(CancellationToken cancellation)
    {
        var status = await inner.EndAsync(cancellation);
        _isDoubtful = status.Code == DimseStatus.OutOfResources("").Code;
        return status;
    }

    public ValueTask AbandonAsync() => inner.AbandonAsync();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
