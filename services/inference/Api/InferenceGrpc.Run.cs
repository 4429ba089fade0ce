using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Inference.V1;
using MedCloudCare.Jobs.Store;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Jobs.Api;

public sealed partial class InferenceGrpc
{
    private const int MaxRequestId = 64;

    /// <inheritdoc/>
    public override async Task<Job> RunInference(RunInferenceRequest request, ServerCallContext context)
    {
        // 1. What was asked before is answered before anything is looked up: the series may be gone by now.
        var caller = context.Caller();
        Validate(request);
        var digest = JobStore.DigestOf(request);
        if (request.RequestId.Length > 0 && await store.FindByRequestAsync(caller.AccountId, request.RequestId, context.CancellationToken) is { } known)
        {
            return Same(known, digest);
        }

        // 2. The caller's own token decides what there is.
        var headers = context.ForwardCaller();
        var series = await studies.LookupSeriesAsync(
            new LookupSeriesRequest { SeriesInstanceUid = request.SeriesInstanceUid, StudyInstanceUid = request.StudyInstanceUid },
            headers, cancellationToken: context.CancellationToken);
        var version = await FindVersionAsync(request.Model, headers, context.CancellationToken);
        var study = StudyOf(series);

        // 3. The delegation names what the job may touch: its series, the series it makes, its model.
        var id = Guid.NewGuid();
        var delegation = await auth.CreateDelegationAsync(
            new CreateDelegationRequest { Resources = { $"series/{series.SeriesInstanceUid}", $"series/{JobUids.Series(id)}", version.Name } },
            headers, cancellationToken: context.CancellationToken);

        // 4. Durable from here on.
        return Same(await CreateAsync(request, caller, series, study, version, new(id, digest, delegation.Token), context.CancellationToken), digest);
    }

    private static void Validate(RunInferenceRequest request)
    {
        if (!ModelVersionName.TryParse(request.Model, out _, out _)) throw MeshErrors.Invalid("model", "must be of the form models/{uuid} or models/{uuid}/versions/{number}");
        if (!Dicom.DicomUid.IsValid(request.SeriesInstanceUid)) throw MeshErrors.Invalid("series_instance_uid", "must be a DICOM UID");
        OptionalUid("study_instance_uid", request.StudyInstanceUid);
        if (request.RequestId.Length > MaxRequestId || request.RequestId.Any(x => x is < ' ' or > '~')) throw MeshErrors.Invalid("request_id", $"must be at most {MaxRequestId} printable ASCII characters");
    }

    private async Task<ModelVersion> FindVersionAsync(string name, Metadata headers, CancellationToken cancellation)
    {
        if (ModelVersionName.TryParse(name, out _, out var number) && number is null)
        {
            var model = await models.GetModelAsync(new GetModelRequest { Name = name }, headers, cancellationToken: cancellation);
            name = model.ActiveVersion;
        }

        return await models.GetModelVersionAsync(new GetModelVersionRequest { Name = name }, headers, cancellationToken: cancellation);
    }

    private async Task<JobRecord> CreateAsync(
        RunInferenceRequest request, Caller caller, Series series, Guid study, ModelVersion version, Admission admission, CancellationToken cancellation)
    {
        if (!ModelVersionName.TryParse(version.Name, out var model, out var number)) throw MeshErrors.Unavailable("The model service answered a version without a name.");
        var job = new NewJob
        {
            Id = admission.Id,
            Owner = caller.AccountId,
            RequestId = request.RequestId,
            RequestDigest = admission.Digest,
            Model = model,
            Version = number ?? version.Number,
            ModelDisplayName = version.Form.DisplayName,
            ReadsModel = version.Files.Count > 0,
            Study = study,
            StudyUid = series.StudyInstanceUid,
            SeriesUid = series.SeriesInstanceUid,
            SeriesNumber = series.HasSeriesNumber ? series.SeriesNumber : 0,
            Delegation = admission.Delegation,
        };
        try
        {
            var record = await store.CreateAsync(job, options.Value.MaxUnfinishedJobs, cancellation);
            changes.Work.Set();
            return record;
        }
        catch (TooManyJobsException)
        {
            throw MeshErrors.Limit("unfinished jobs", options.Value.MaxUnfinishedJobs);
        }
    }

    private Job Same(JobRecord job, byte[] digest) => job.RequestDigest.AsSpan().SequenceEqual(digest)
        ? views.Show(job)
        : throw MeshErrors.AlreadyExists($"{Collection}/{job.Id:D}", "This request_id was used for a job with other arguments.");

    private static Guid StudyOf(Series series) =>
        series.Name.Split('/') is ["studies", var study, "series", _] && Guid.TryParseExact(study, "D", out var id)
            ? id
            : throw MeshErrors.Unavailable("The archive answered a series without a study.");

    private sealed record Admission(Guid Id, byte[] Digest, string Delegation);
}
