using MedCloudCare.Jobs.Changes;
using MedCloudCare.Jobs.Store;
using Npgsql;

namespace MedCloudCare.Jobs.Work;

/// <summary>
/// Writes the progress of a run to its job, at most every <see cref="Interval"/>, always the latest. A pod may report as often
/// as it likes.
/// </summary>
internal sealed class ProgressReporter : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(400);

    private readonly JobStore _store;
    private readonly ClaimedJob _job;
    private readonly Signal _news = new();
    private readonly CancellationTokenSource _stop;
    private readonly Task _writing;
    private Report _latest = new(0, "");

    public ProgressReporter(JobStore store, ClaimedJob job, CancellationToken cancellation)
    {
        (_store, _job) = (store, job);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _writing = Task.Run(WriteAsync, CancellationToken.None);
    }

    /// <summary>Progress from 0 to 1, and what is being done.</summary>
    public void Set(double progress, string message)
    {
        Volatile.Write(ref _latest, new Report(progress, message));
        _news.Set();
    }

    /// <summary>Nothing is written any more when this returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task WriteAsync()
    {
        Report? written = null;
        while (true)
        {
            if (!await _news.WaitAsync(Timeout.InfiniteTimeSpan, _stop.Token)) continue;
            var report = Volatile.Read(ref _latest);
            if (report != written)
            {
                try
                {
                    await _store.ReportAsync(_job, report.Progress, report.Message, _stop.Token);
                    written = report;
                }
                catch (NpgsqlException)
                {
                    // Progress is for the eye: the next report tries again.
                }
            }

            await Task.Delay(Interval, _stop.Token);
        }
    }

    private sealed record Report(double Progress, string Message);
}
