using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Which instances an owner has already, as far as one upload call has looked: spares the sealing of what is there. A miss
/// means nothing (the commit decides). Not thread-safe.
/// </summary>
// The limit: a larger series is looked at in part, and the commit finds the rest.
internal sealed class KnownInstances(NpgsqlDataSource database, Guid owner)
{
    private readonly Dictionary<string, byte[]> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<(Guid Study, string Series), int> _lookups = [];

    /// <summary>The hash of the stored instance, or null.</summary>
    public async ValueTask<byte[]?> FindAsync(OpenStudy study, string seriesInstanceUid, string sopInstanceUid, CancellationToken cancellationToken)
    {
        if (_stored.TryGetValue(sopInstanceUid, out byte[]? hash) || study.IsReserved)
        {
            return hash;
        }

        int lookups = _lookups.GetValueOrDefault((study.Id, seriesInstanceUid));
        if (lookups > 1)
        {
            return null;
        }

        // One instance alone: look for it. A second one of the series: more will follow, so look at the series.
        _lookups[(study.Id, seriesInstanceUid)] = lookups + 1;
        await using NpgsqlCommand command = lookups == 0
            ? database.CreateCommand("SELECT sop_instance_uid, sha256 FROM instances WHERE owner = $1 AND sop_instance_uid = $2")
            : database.CreateCommand("""
                SELECT i.sop_instance_uid, i.sha256 FROM instances i JOIN series s ON s.id = i.series_id
                WHERE s.study_id = $1 AND s.series_instance_uid = $2 LIMIT 20000
                """);
        command.Parameters.AddWithValue(lookups == 0 ? owner : study.Id);
        command.Parameters.AddWithValue(lookups == 0 ? sopInstanceUid : seriesInstanceUid);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            _stored[reader.GetString(0)] = reader.GetFieldValue<byte[]>(1);
        }

        return _stored.GetValueOrDefault(sopInstanceUid);
    }

    /// <summary>Notes what a commit has stored.</summary>
    public void Add(PendingInstance instance)
    {
        if (instance.Result.Outcome == Study.V1.InstanceResult.Types.Outcome.Stored)
        {
            _stored[instance.SopInstanceUid] = instance.Sha256;
        }
        else
        {
            _lookups[(instance.Study.Id, instance.SeriesInstanceUid)] = 0;
        }
    }
}
