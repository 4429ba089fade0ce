using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Grants.Data;
using MedCloudCare.Grants.Resources;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sharing.V1;

namespace MedCloudCare.Grants;

public sealed partial class SharingGrpc
{
    private const int MaximumEmail = 254;

    public override async Task<Grant> CreateGrant(CreateGrantRequest request, ServerCallContext context)
    {
        var caller = context.Caller();
        var kind = SharedResource.KindOf(request.Resource);
        if (request.Permission is < Permission.View or > Permission.Edit)
        {
            throw MeshErrors.Invalid("permission", "must be PERMISSION_VIEW, PERMISSION_ANNOTATE or PERMISSION_EDIT");
        }

        if (request.ToCase == CreateGrantRequest.ToOneofCase.None || request.GranteeEmail.Length > MaximumEmail)
        {
            throw MeshErrors.Invalid("to", "must name an account or an e-mail address");
        }

        await owners.DemandOwnedAsync(request.Resource, context.ForwardCaller(), context.CancellationToken);
        var grantee = await accounts.FindAsync(request.Grantee, request.GranteeEmail, context.CancellationToken)
            ?? throw MeshErrors.NotFound("accounts");
        DemandShareable(kind, caller, grantee, request.Permission);
        return ToGrant(await UpsertAsync(request, caller.AccountId, grantee, context.CancellationToken), grantee.DisplayName);
    }

    /// <summary>Studies go among health professionals; models to researchers, and to health professionals to run them.</summary>
    private static void DemandShareable(SharedKind kind, Caller caller, Account grantee, Permission permission)
    {
        if (grantee.Name == caller.AccountName)
        {
            throw MeshErrors.Invalid("to", "is yourself; you have every permission already");
        }

        var fits = (kind, caller.Role, grantee.Role) switch
        {
            (SharedKind.Study, Role.HealthProfessional, Role.HealthProfessional) => true,
            (SharedKind.Model, Role.Researcher, Role.Researcher) => true,
            (SharedKind.Model, Role.Researcher, Role.HealthProfessional) => permission == Permission.View,
            _ => false,
        };
        if (!fits)
        {
            throw MeshErrors.NotPermitted(kind == SharedKind.Study
                ? "Studies are shared among health professionals only."
                : "Models are shared with researchers, and with health professionals to run them.");
        }
    }

    /// <summary>One statement, so that two grants at once leave one row.</summary>
    private async Task<GrantRow> UpsertAsync(CreateGrantRequest request, Guid grantor, Account grantee, CancellationToken cancellation)
    {
        var account = Guid.Parse(grantee.Name.AsSpan("accounts/".Length));
        await using var command = database.CreateCommand(
            """
            INSERT INTO sharing.grants (id, resource, grantor, grantee, permission, create_time) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (resource, grantee) DO UPDATE SET permission = excluded.permission
            RETURNING id, create_time
            """);
        command.Parameters.Add(new() { Value = Guid.CreateVersion7() });
        command.Parameters.Add(new() { Value = request.Resource });
        command.Parameters.Add(new() { Value = grantor });
        command.Parameters.Add(new() { Value = account });
        command.Parameters.Add(new() { Value = (short)request.Permission });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new GrantRow
        {
            Id = reader.GetGuid(0),
            Resource = request.Resource,
            Grantor = grantor,
            Grantee = account,
            Permission = (short)request.Permission,
            CreateTime = reader.GetFieldValue<DateTimeOffset>(1),
        };
    }
}
