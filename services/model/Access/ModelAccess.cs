using System.Globalization;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Storage;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Platform.Resources;
using Microsoft.EntityFrameworkCore;

namespace MedCloudCare.Models.Access;

/// <summary>What a caller may do to a model.</summary>
public enum ModelRight
{
    /// <summary>See its form and run it: anybody if it is public, and those with a grant.</summary>
    Run,

    /// <summary>Publish versions, see files and pods: those with a grant to edit.</summary>
    Edit,

    /// <summary>Everything.</summary>
    Own,
}

/// <summary>
/// Who sees what: the owner, everybody for a public model, and whom the sharing service says so, looked up on every request.
/// </summary>
public static class ModelAccess
{
    private const short Edit = 3;

    /// <summary>The models that an account may run.</summary>
    public static IQueryable<ModelRow> Visible(ModelContext context, Guid account) => context.Models.Where(m =>
        m.Owner == account
        || m.Visibility == (short)Visibility.Public
        || context.Grants.Any(g => g.Grantee == account && g.Resource == "models/" + m.Id.ToString()));

    /// <summary>A model and what the caller may do to it.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND.</exception>
    public static async Task<(ModelRow Model, ModelRight Right)> FindAsync(ModelContext context, Caller caller, Guid id, CancellationToken cancellationToken)
    {
        Guid account = caller.AccountId;
        ModelRow model = await Visible(context, account).SingleOrDefaultAsync(m => m.Id == id, cancellationToken)
            ?? throw MeshErrors.NotFound(ResourceName.Of("models", id));
        if (model.Owner == account)
        {
            return (model, ModelRight.Own);
        }

        string resource = ResourceName.Of("models", id);
        bool edits = await context.Grants.AnyAsync(g => g.Grantee == account && g.Resource == resource && g.Permission >= Edit, cancellationToken);
        return (model, edits ? ModelRight.Edit : ModelRight.Run);
    }

    /// <summary>A model that the caller has a right to.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND, or NOT_PERMITTED if the caller sees it but may not do this.</exception>
    public static async Task<ModelRow> RequireAsync(ModelContext context, Caller caller, Guid id, ModelRight right, CancellationToken cancellationToken)
    {
        (ModelRow model, ModelRight has) = await FindAsync(context, caller, id, cancellationToken);
        return has >= right ? model : throw MeshErrors.NotPermitted(right == ModelRight.Own ? "Only the model's owner may do this." : "Only the model's owner and those with the permission to edit it may do this.");
    }

    /// <summary>Parses <c>models/{uuid}/versions/{number}</c>, with a suffix if the resource lies below the version.</summary>
    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID.</exception>
    public static VersionName ParseVersion(string name, string field = "name", string suffix = "")
    {
        string[] parts = name.Split('/');
        bool fits = suffix.Length > 0 ? parts.Length == 5 && parts[4] == suffix : parts.Length == 4;
        return fits && parts[2] == "versions"
            && ResourceName.TryParse("models", $"{parts[0]}/{parts[1]}", out Guid model)
            && int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? new VersionName(model, number)
            : throw MeshErrors.Invalid(field, $"must be of the form models/{{uuid}}/versions/{{number}}{(suffix.Length > 0 ? "/" + suffix : "")}");
    }
}
