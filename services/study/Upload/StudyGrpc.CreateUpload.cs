using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Study.V1;
using Microsoft.EntityFrameworkCore;
using Proto = MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task<Proto.Upload> CreateUpload(CreateUploadRequest request, ServerCallContext context)
    {
        UploadRow row = await PlanUploadAsync(request, context);
        await using StudyContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        db.Uploads.Add(row);
        await db.SaveChangesAsync(context.CancellationToken);
        return ToProto(row);
    }

    /// <summary>An upload that the caller may make; nothing is stored of it.</summary>
    private async Task<UploadRow> PlanUploadAsync(CreateUploadRequest request, ServerCallContext context)
    {
        Caller caller = context.Caller();
        VisibleStudy? study = null;
        if (request.Study.Length > 0)
        {
            Guid id = ResourceName.Parse(Studies, request.Study, "study");
            study = await RequireWritableAsync(caller, id, context.CancellationToken);
        }
        else if (caller.Delegation is not { } delegation || !delegation.Covers(DelegatedResources.Uploads))
        {
            StudyAccess.RefuseDelegation(caller, "study");
        }

        if (request.StudyInstanceUid.Length > 0 && (study is not null || !DicomUid.IsValid(request.StudyInstanceUid)))
        {
            throw MeshErrors.Invalid("study_instance_uid", study is null ? "is not a UID" : "must be empty when study is given");
        }

        DateTime now = time.GetDatabaseNow().UtcDateTime;
        return new UploadRow
        {
            Id = Guid.CreateVersion7(),
            Account = caller.AccountId,
            StudyId = study?.Id,
            StudyInstanceUid = study?.StudyInstanceUid ?? (request.StudyInstanceUid.Length > 0 ? request.StudyInstanceUid : null),
            CreateTime = now,
            UpdateTime = now,
        };
    }

    public override async Task<Proto.Upload> GetUpload(GetUploadRequest request, ServerCallContext context) =>
        ToProto(await RequireUploadAsync(request.Name, "name", context));

    /// <summary>An upload of the caller's.</summary>
    private async Task<UploadRow> RequireUploadAsync(string name, string field, ServerCallContext context)
    {
        Caller caller = context.Caller();
        Guid id = ResourceName.Parse(Uploads, name, field);
        await using StudyContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        UploadRow row = await db.Uploads.AsNoTracking().SingleOrDefaultAsync(u => u.Id == id && u.Account == caller.AccountId, context.CancellationToken)
            ?? throw MeshErrors.NotFound(name);

        // A delegation reaches uploads into the study of its own series only, or (the DIMSE door's) into the account's own studies.
        bool within = caller.Delegation is not { } delegation || (row.StudyId is { } study
            ? await access.HoldsDelegatedSeriesAsync(study, delegation, context.CancellationToken)
            : delegation.Covers(DelegatedResources.Uploads));
        return within ? row : throw MeshErrors.NotFound(name);
    }

    /// <summary>
    /// A study that the caller may store into: their own, or one shared with them for annotation. Results of a job need no
    /// more than the job itself, which is that its user sees the study.
    /// </summary>
    private async Task<VisibleStudy> RequireWritableAsync(Caller caller, Guid id, CancellationToken cancellationToken)
    {
        VisibleStudy study = await access.FindAsync(caller, id, cancellationToken) ?? throw MeshErrors.NotFound(ResourceName.Of(Studies, id));
        if (caller.Delegation is { } delegation)
        {
            return await access.HoldsDelegatedSeriesAsync(id, delegation, cancellationToken) ? study : throw MeshErrors.NotFound(ResourceName.Of(Studies, id));
        }

        return study.Access == Access.View ? throw MeshErrors.NotPermitted("This study is shared with you for viewing only.") : study;
    }

    private static Proto.Upload ToProto(UploadRow row) => new()
    {
        Name = ResourceName.Of(Uploads, row.Id),
        Study = row.StudyId is { } study ? ResourceName.Of(Studies, study) : "",
        CommittedInstances = row.CommittedInstances,
        StoredInstances = row.StoredInstances,
        DuplicateInstances = row.DuplicateInstances,
        RefusedInstances = row.RefusedInstances,
        StoredBytes = row.StoredBytes,
        CreateTime = Timestamp.FromDateTime(row.CreateTime),
        UpdateTime = Timestamp.FromDateTime(row.UpdateTime),
    };
}
