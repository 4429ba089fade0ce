using Grpc.Core;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Access;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using Microsoft.EntityFrameworkCore;
using ModelMessage = MedCloudCare.Model.V1.Model;

namespace MedCloudCare.Models;

internal sealed partial class ModelGrpc
{
    /// <inheritdoc/>
    public override async Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context)
    {
        Guid account = context.Caller().AccountId;
        int size = Paging.Size(request.PageSize);
        string modality = ModelForms.Code(request.Modality, "modality");
        string bodyPart = ModelForms.Code(request.BodyPart, "body_part");
        short task = (short)request.Task;
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        IQueryable<ModelRow> models = ModelAccess.Visible(db, account).Where(m =>
            (modality == "" || m.Modality == "" || m.Modality == modality)
            && (bodyPart == "" || m.BodyPart == "" || m.BodyPart == bodyPart)
            && (task == 0 || m.Task == task)
            && (!request.Owned || m.Owner == account));
        if (Paging.Decode(request.PageToken, 2) is [string name, string last])
        {
            Guid id = Guid.TryParse(last, out Guid parsed) ? parsed : throw Paging.Malformed();
            models = models.Where(m => m.NameKey.CompareTo(name) > 0 || (m.NameKey == name && m.Id > id));
        }

        var page = await models
            .Join(db.Versions, m => new { ModelId = m.Id, Number = m.ActiveNumber }, v => new { v.ModelId, v.Number }, (m, v) => new { Model = m, v.Form })
            .OrderBy(r => r.Model.NameKey).ThenBy(r => r.Model.Id)
            .Take(size + 1)
            .ToListAsync(context.CancellationToken);
        var response = new ListModelsResponse();
        response.Models.AddRange(page.Take(size).Select(r => ModelMessages.ToMessage(r.Model, r.Form, account)));
        if (page.Count > size)
        {
            response.NextPageToken = Paging.Encode(page[size - 1].Model.NameKey, page[size - 1].Model.Id.ToString("D"));
        }

        return response;
    }

    /// <inheritdoc/>
    public override async Task<ModelMessage> GetModel(GetModelRequest request, ServerCallContext context)
    {
        Guid id = ResourceName.Parse(Models, request.Name);
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        (ModelRow model, _) = await ModelAccess.FindAsync(db, context.Caller(), id, context.CancellationToken);
        return await ToMessageAsync(db, model, context);
    }

    /// <inheritdoc/>
    public override async Task<ListModelVersionsResponse> ListModelVersions(ListModelVersionsRequest request, ServerCallContext context)
    {
        Guid id = ResourceName.Parse(Models, request.Parent, "parent");
        int size = Paging.Size(request.PageSize);
        int before = Paging.Decode(request.PageToken, 1) is [string last]
            ? int.TryParse(last, out int number) ? number : throw Paging.Malformed()
            : int.MaxValue;
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        await ModelAccess.RequireAsync(db, context.Caller(), id, ModelRight.Edit, context.CancellationToken);
        List<VersionRow> versions = await db.Versions.AsNoTracking()
            .Where(v => v.ModelId == id && v.Number < before).OrderByDescending(v => v.Number).Take(size + 1).ToListAsync(context.CancellationToken);
        Guid[] shown = [.. versions.Take(size).Select(v => v.Id)];
        ILookup<Guid, FileRow> files = (await db.Files.AsNoTracking().Where(f => shown.Contains(f.VersionId)).ToListAsync(context.CancellationToken)).ToLookup(f => f.VersionId);
        var response = new ListModelVersionsResponse();
        response.Versions.AddRange(versions.Take(size).Select(v => ModelMessages.ToMessage(v, files[v.Id])));
        if (versions.Count > size)
        {
            response.NextPageToken = Paging.Encode(versions[size - 1].Number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return response;
    }

    /// <inheritdoc/>
    public override async Task<ModelVersion> GetModelVersion(GetModelVersionRequest request, ServerCallContext context)
    {
        VersionName name = ModelAccess.ParseVersion(request.Name);
        Caller caller = context.Caller();
        if (caller.Delegation is { } delegation && !delegation.Covers(name.ToString()))
        {
            throw MeshErrors.NotFound(name.ToString());
        }

        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        (_, ModelRight right) = await ModelAccess.FindAsync(db, caller, name.Model, context.CancellationToken);
        VersionRow version = await FindVersionAsync(db, name, context.CancellationToken);
        bool reads = right >= ModelRight.Edit && caller.Delegation is null;
        List<FileRow> files = reads ? await FilesAsync(db, version, context.CancellationToken) : [];
        return ModelMessages.ToMessage(version, files);
    }

    private static async Task<ModelMessage> ToMessageAsync(ModelContext db, ModelRow model, ServerCallContext context)
    {
        VersionRow active = await FindVersionAsync(db, new VersionName(model.Id, model.ActiveNumber), context.CancellationToken);
        return ModelMessages.ToMessage(model, active.Form, context.Caller().AccountId);
    }

    private static async Task<VersionRow> FindVersionAsync(ModelContext db, VersionName name, CancellationToken cancellationToken) =>
        await db.Versions.AsNoTracking().SingleOrDefaultAsync(v => v.ModelId == name.Model && v.Number == name.Number, cancellationToken)
        ?? throw MeshErrors.NotFound(name.ToString());

    private static Task<List<FileRow>> FilesAsync(ModelContext db, VersionRow version, CancellationToken cancellationToken) =>
        db.Files.AsNoTracking().Where(f => f.VersionId == version.Id).ToListAsync(cancellationToken);
}
