using MedCloudCare.Inference.V1;

namespace MedCloudCare.Jobs.Results;

/// <summary>A DICOM object ready to be written, as often as needed, with the same bytes.</summary>
internal sealed record PreparedObject(string SopInstanceUid, Func<Stream, CancellationToken, Task> WriteAsync);

/// <summary>A valid result: what the job answers, and the objects that go beside the source.</summary>
internal sealed record PreparedResult(JobResult Result, IReadOnlyList<PreparedObject> Objects);
