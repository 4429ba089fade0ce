using Grpc.Core;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Access;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Resources;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using ModelMessage = MedCloudCare.Model.V1.Model;

namespace MedCloudCare.Models;

internal sealed partial class ModelGrpc
{
    /// <inheritdoc/>
    public override async Task<ModelMessage> ActivateModelVersion(ActivateModelVersionRequest request, ServerCallContext context)
    {
        VersionName name = ModelAccess.ParseVersion(request.Name);
        CancellationToken cancellation = context.CancellationToken;
        await using ModelContext db = await contexts.CreateDbContextAsync(cancellation);
        ModelRow model = await ModelAccess.RequireAsync(db, context.Caller(), name.Model, ModelRight.Edit, cancellation);
        VersionRow version = await FindVersionAsync(db, name, cancellation);
        ModelForm form = ModelForm.Parser.ParseFrom(version.Form);
        if (model.ActiveNumber != version.Number)
        {
            Activate(model, version.Number, form, time.GetDatabaseNow().UtcDateTime);
            try
            {
                await db.SaveChangesAsync(cancellation);
            }
            catch (DbUpdateException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                // The version's name has been given to another model in the meantime.
                throw NameTaken(form.DisplayName);
            }
        }

        // The pods of the version before stay awake for as long as somebody watches them.
        orchestrator.Warm(ToPodVersion(version, form.Task));
        return await ToMessageAsync(db, model, context);
    }

    /// <inheritdoc/>
    public override async Task<ModelMessage> SetModelVisibility(SetModelVisibilityRequest request, ServerCallContext context)
    {
        Guid id = ResourceName.Parse(Models, request.Name);
        Visibility visibility = ModelForms.Choose(request.Visibility, "visibility");
        await using ModelContext db = await contexts.CreateDbContextAsync(context.CancellationToken);
        ModelRow model = await ModelAccess.RequireAsync(db, context.Caller(), id, ModelRight.Own, context.CancellationToken);
        if (model.Visibility != (short)visibility)
        {
            model.Visibility = (short)visibility;
            model.UpdateTime = time.GetDatabaseNow().UtcDateTime;
            await db.SaveChangesAsync(context.CancellationToken);
        }

        return await ToMessageAsync(db, model, context);
    }
}
