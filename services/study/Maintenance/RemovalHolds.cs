using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Pauses the removal of objects in all replicas while a backup copies first the database and then the store: every pack
/// that the copy of the database refers to is then still there. A hold whose holder has died expires.
/// </summary>
internal sealed class RemovalHolds(NpgsqlDataSource database)
{
    /// <summary>A hold that is not renewed ends after this time.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    /// <summary>Takes a hold, or renews it.</summary>
    public async Task HoldAsync(Guid hold, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            INSERT INTO removal_holds (id, expire_time) VALUES ($1, now() + $2) ON CONFLICT (id) DO UPDATE SET expire_time = excluded.expire_time
            """).With(hold, Lifetime);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ends a hold.</summary>
    public async Task ReleaseAsync(Guid hold)
    {
        await using NpgsqlCommand command = database.CreateCommand("DELETE FROM removal_holds WHERE id = $1 OR expire_time < now()").With(hold);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Whether anybody holds.</summary>
    public async Task<bool> AnyAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT EXISTS (SELECT FROM removal_holds WHERE expire_time > now())");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
