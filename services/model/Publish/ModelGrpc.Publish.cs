using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Access;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Publish;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Models;

internal sealed partial class ModelGrpc
{
    /// <inheritdoc/>
    public override async Task<PublishModelResponse> PublishModel(IAsyncStreamReader<PublishModelRequest> requestStream, ServerCallContext context)
    {
        Caller caller = context.Caller();
        CancellationToken cancellation = context.CancellationToken;
        if (!await requestStream.MoveNext(cancellation) || requestStream.Current.Start is not { } start)
        {
            throw MeshErrors.Invalid("start", "must be the first message");
        }

        ModelForm form = ModelForms.Normalize(start.Form);
        Guid? model = await FindTargetAsync(caller, start, form, cancellation);
        // A new version of an existing model may leave its visibility as it is.
        Visibility? visibility = model is not null && start.Visibility == Visibility.Unspecified
            ? null
            : ModelForms.Choose(start.Visibility, "start.visibility");
        using IDisposable place = limiter.Enter(caller.AccountId);
        using IncomingPackage package = store.Begin();
        try
        {
            await PackageReceiver.ReceiveAsync(requestStream, package, cancellation);
            await validator.CheckAsync(package, form.Task, cancellation);
        }
        catch (PackageException refused)
        {
            StatusCode code = refused.Reason == Reason.LimitExceeded ? StatusCode.ResourceExhausted : StatusCode.InvalidArgument;
            throw MeshErrors.Of(code, refused.Reason, refused.Message, [.. refused.Details]);
        }

        return await CommitAsync(caller, model, form, visibility, package, cancellation);
    }

    /// <summary>The model that gets a new version; null for a new model.</summary>
    private async Task<Guid?> FindTargetAsync(Caller caller, PublishModelRequest.Types.Start start, ModelForm form, CancellationToken cancellation)
    {
        await using ModelContext db = await contexts.CreateDbContextAsync(cancellation);
        if (start.Model.Length > 0)
        {
            Guid id = ResourceName.Parse(Models, start.Model, "start.model");
            ModelRow row = await ModelAccess.RequireAsync(db, caller, id, ModelRight.Edit, cancellation);
            if (row.Owner != caller.AccountId && start.Visibility != Visibility.Unspecified && start.Visibility != (Visibility)row.Visibility)
            {
                throw MeshErrors.NotPermitted("Only the model's owner may change its visibility.");
            }

            return id;
        }

        string name = ModelRow.KeyOf(form.DisplayName);
        ModelRow? existing = await db.Models.SingleOrDefaultAsync(m => m.Owner == caller.AccountId && m.NameKey == name, cancellation);
        return existing is null || start.UpdateExisting ? existing?.Id : throw NameTaken(form.DisplayName);
    }

    /// <summary>Keeps the package, then records it; if that fails, nothing stays.</summary>
    private async Task<PublishModelResponse> CommitAsync(
        Caller caller, Guid? target, ModelForm form, Visibility? visibility, IncomingPackage package, CancellationToken cancellation)
    {
        DateTime now = time.GetDatabaseNow().UtcDateTime;
        var version = new VersionRow
        {
            Id = package.Version,
            ModelId = target ?? Guid.NewGuid(),
            Author = caller.AccountId,
            Form = form.ToByteArray(),
            Digest = PackageDigest.Of(package.Files),
            Size = package.Size,

            // The master keys may have been rotated while the package arrived.
            WrappedKey = store.Rewrap(package.Version, package.WrappedKey) ?? package.WrappedKey,
            CreateTime = now,
        };
        FileRow[] files = [.. package.Files.Select(f => new FileRow { VersionId = version.Id, Position = f.Position, Path = f.Path, Size = f.Size, Sha256 = f.Sha256 })];
        store.Keep(package);
        try
        {
            ModelRow model = await RecordAsync(target, version, files, form, visibility, now, cancellation);
            orchestrator.Warm(ToPodVersion(version, form.Task));
            return new PublishModelResponse
            {
                Model = ModelMessages.ToMessage(model, version.Form, caller.AccountId),
                Version = ModelMessages.ToMessage(version, files),
            };
        }
        catch (Exception error)
        {
            // A commit whose answer was lost may have happened; then the package must stay.
            if (!await IsRecordedAsync(version.Id))
            {
                store.Drop(version.Id);
            }

            if (error is DbUpdateException { InnerException: PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } })
            {
                throw NameTaken(form.DisplayName);
            }

            throw;
        }
    }

    private async Task<ModelRow> RecordAsync(
        Guid? target, VersionRow version, FileRow[] files, ModelForm form, Visibility? visibility, DateTime now, CancellationToken cancellation)
    {
        await using ModelContext db = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        ModelRow model;
        if (target is { } id)
        {
            // Two versions published at once get two numbers.
            model = await db.Models.FromSql($"SELECT * FROM models WHERE id = {id} FOR UPDATE").SingleAsync(cancellation);
            version.Number = 1 + await db.Versions.Where(v => v.ModelId == id).MaxAsync(v => v.Number, cancellation);
        }
        else
        {
            model = new ModelRow { Id = version.ModelId, Owner = version.Author, CreateTime = now };
            db.Models.Add(model);
            version.Number = 1;
        }

        Activate(model, version.Number, form, now);
        model.Visibility = (short)(visibility ?? (Visibility)model.Visibility);
        await db.SaveChangesAsync(cancellation);
        db.Versions.Add(version);
        db.Files.AddRange(files);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return model;
    }

    private async Task<bool> IsRecordedAsync(Guid version)
    {
        try
        {
            await using ModelContext db = await contexts.CreateDbContextAsync(CancellationToken.None);
            return await db.Versions.AnyAsync(v => v.Id == version, CancellationToken.None);
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // The sweep of the next start decides.
            return true;
        }
    }

    private static void Activate(ModelRow model, int number, ModelForm form, DateTime now)
    {
        model.ActiveNumber = number;
        model.DisplayName = form.DisplayName;
        model.NameKey = ModelRow.KeyOf(form.DisplayName);
        model.Task = (short)form.Task;
        model.Modality = form.Modality;
        model.BodyPart = form.BodyPart;
        model.UpdateTime = now;
    }

    private static RpcException NameTaken(string name) =>
        MeshErrors.AlreadyExists(Models, $"You already have a model named '{name}'. Publish a new version of it, or choose another name.");
}
