using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;

namespace MedCloudCare.Jobs.Api;

/// <summary>Rows as their owner sees them.</summary>
public sealed class JobViews(JobSeal seal)
{
    /// <summary>The resource of a row.</summary>
    /// <exception cref="RpcException">DATA_LOSS SEAL_BROKEN: the row was changed outside this system.</exception>
    public Job Show(JobRecord job)
    {
        try
        {
            return Open(job);
        }
        catch (SealedDataException)
        {
            throw MeshErrors.Of(StatusCode.DataLoss, Reason.SealBroken, "The job's record does not verify and is not shown. Tell the operator.");
        }
    }

    private Job Open(JobRecord job)
    {
        var shown = new Job
        {
            Name = $"jobs/{job.Id:D}",
            State = job.JobState,
            Progress = job.Progress,
            Message = seal.OpenMessage(job),
            Model = job.ModelName,
            ModelVersion = job.VersionName,
            ModelDisplayName = job.ModelDisplayName,
            StudyInstanceUid = job.StudyUid,
            SeriesInstanceUid = job.SeriesUid,
            Study = $"studies/{job.Study:D}",
            Attempt = job.Attempt,
            CreateTime = Timestamp.FromDateTimeOffset(job.CreateTime),
            StartTime = job.StartTime is { } start ? Timestamp.FromDateTimeOffset(start) : null,
            EndTime = job.EndTime is { } end ? Timestamp.FromDateTimeOffset(end) : null,
        };
        if (job.JobState == Job.Types.State.Succeeded) shown.Result = seal.OpenResult(job);
        if (job.JobState != Job.Types.State.Failed || seal.OpenError(job) is not { } error) return shown;
        if (!job.ReadsModel) error.Detail = "";
        shown.Error = error;
        return shown;
    }
}
