using System.Diagnostics;
using System.Diagnostics.Metrics;
using MedCloudCare.Common.V1;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Jobs.Work;

/// <summary>Spans and metrics of jobs. Nothing in them comes from a patient or from what a model says.</summary>
public sealed class JobTelemetry : IDisposable
{
    private const string Name = "MedCloudCare.Inference";

    private static readonly ActivitySource Source = new(Name);

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _ended, _podsLost;
    private readonly Histogram<double> _duration, _waited;
    private long _queued, _running;

    public JobTelemetry()
    {
        _ended = _meter.CreateCounter<long>("mcc.jobs.ended", description: "Jobs that ended, by state and reason.");
        _podsLost = _meter.CreateCounter<long>("mcc.jobs.pods_lost", description: "Pods that ended in the middle of a job.");
        _duration = _meter.CreateHistogram<double>("mcc.jobs.duration", "s", "From the claim of a job to the end of that attempt.");
        _waited = _meter.CreateHistogram<double>("mcc.jobs.wait", "s", "From the creation of a job to its first claim.");
        _meter.CreateObservableGauge("mcc.jobs.unfinished", () => (Measurement<long>[])
        [
            new(Volatile.Read(ref _queued), new KeyValuePair<string, object?>("state", "queued")),
            new(Volatile.Read(ref _running), new KeyValuePair<string, object?>("state", "running")),
        ], description: "Jobs of all replicas that have not ended.");
    }

    public static Activity? Start(ClaimedJob job) => Source.StartActivity("job")?
        .SetTag("mcc.job", job.Id).SetTag("mcc.model_version", job.Record.VersionName).SetTag("mcc.attempt", job.Record.Attempt);

    public static Activity? Step(string name) => Source.StartActivity(name);

    public void Claimed(JobRecord job)
    {
        if (job.Attempt == 1 && job.StartTime is { } start) _waited.Record((start - job.CreateTime).TotalSeconds);
    }

    /// <param name="state">succeeded, failed, postponed or lost.</param>
    public void Ended(string state, Reason reason, TimeSpan duration)
    {
        _ended.Add(1, new("state", state), new("reason", reason == Reason.Unspecified ? "" : MeshErrors.NameOf(reason)));
        _duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("state", state));
    }

    public void PodLost() => _podsLost.Add(1);

    public void Unfinished(long queued, long running)
    {
        Volatile.Write(ref _queued, queued);
        Volatile.Write(ref _running, running);
    }

    public void Dispose() => _meter.Dispose();
}
