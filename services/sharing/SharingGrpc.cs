using Google.Protobuf.WellKnownTypes;
using MedCloudCare.Grants.Data;
using MedCloudCare.Grants.Resources;
using MedCloudCare.Sharing.V1;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MedCloudCare.Grants;

/// <summary>The sharing service; one file for each verb.</summary>
public sealed partial class SharingGrpc(
    IDbContextFactory<SharingContext> contexts,
    NpgsqlDataSource database,
    ResourceOwners owners,
    AccountDirectory accounts,
    TimeProvider time) : SharingService.SharingServiceBase
{
    private const string Collection = "grants";

    private static Grant ToGrant(GrantRow row, string displayName) => new()
    {
        Name = $"{Collection}/{row.Id}",
        Resource = row.Resource,
        Grantee = $"accounts/{row.Grantee}",
        GranteeDisplayName = displayName,
        Permission = (Permission)row.Permission,
        Grantor = $"accounts/{row.Grantor}",
        CreateTime = Timestamp.FromDateTimeOffset(row.CreateTime),
    };
}
