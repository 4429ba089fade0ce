using MedCloudCare.Inference.V1;

namespace MedCloudCare.Jobs.Store;

/// <summary>A row of <c>inference.jobs</c>.</summary>
public sealed class JobRecord
{
    public Guid Id { get; init; }

    public Guid Owner { get; init; }

    public string? RequestId { get; init; }

    public byte[] RequestDigest { get; init; } = [];

    public Guid Model { get; init; }

    public int Version { get; init; }

    public string ModelDisplayName { get; init; } = "";

    public bool ReadsModel { get; init; }

    /// <summary>studies/{uuid}.</summary>
    public Guid Study { get; init; }

    public string StudyUid { get; init; } = "";

    public string SeriesUid { get; init; } = "";

    /// <summary>Series Number of the source; 0 where it has none.</summary>
    public int SeriesNumber { get; init; }

    public short State { get; init; }

    public double Progress { get; init; }

    /// <summary>Sealed, as are delegation, result and error.</summary>
    public byte[]? Message { get; init; }

    public int Attempt { get; init; }

    public int PodsLost { get; init; }

    public int Crashes { get; init; }

    public DateTimeOffset AvailableTime { get; init; }

    public string? LeaseOwner { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    public long Fence { get; init; }

    public byte[]? Delegation { get; init; }

    public byte[]? Result { get; init; }

    public byte[]? Error { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset? StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    public Job.Types.State JobState => (Job.Types.State)State;

    public bool HasEnded => JobState is Job.Types.State.Succeeded or Job.Types.State.Failed or Job.Types.State.Cancelled;

    public string ModelName => $"models/{Model:D}";

    public string VersionName => $"{ModelName}/versions/{Version}";
}

/// <summary>A job that this process holds: its row as claimed, and the token that proves it.</summary>
/// <param name="Record">The row after the claim.</param>
/// <param name="Delegation">The delegation token, opened.</param>
public sealed record ClaimedJob(JobRecord Record, string Delegation)
{
    public Guid Id => Record.Id;

    public long Fence => Record.Fence;
}

/// <summary>The job was cancelled, or belongs to another process by now: nothing more is written for it.</summary>
public sealed class LeaseLostException() : Exception("The lease of the job is lost.");
