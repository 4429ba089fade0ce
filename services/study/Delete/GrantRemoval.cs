using Grpc.Core;
using MedCloudCare.Platform.Resources;
using MedCloudCare.Sharing.V1;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Has the sharing service forget the grants of deleted studies. They give access to nothing from the deletion on; this takes
/// them out of people's lists.
/// </summary>
internal sealed class GrantRemoval(NpgsqlDataSource database, SharingService.SharingServiceClient sharing)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Removes the grants of studies that were deleted since.</summary>
    /// <exception cref="RpcException">The sharing service does not answer: what is left is for the next run.</exception>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        List<Guid> left = await database.CreateCommand("SELECT study_id FROM deletions WHERE NOT grants_removed LIMIT 1000")
            .ListAsync(r => r.GetGuid(0), cancellationToken);
        foreach (Guid study in left)
        {
            await sharing.ForgetResourceAsync(
                new ForgetResourceRequest { Resource = ResourceName.Of("studies", study) }, deadline: DateTime.UtcNow + Deadline, cancellationToken: cancellationToken);
            await using NpgsqlCommand done = database.CreateCommand("UPDATE deletions SET grants_removed = true WHERE study_id = $1");
            done.Parameters.AddWithValue(study);
            await done.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
