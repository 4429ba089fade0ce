using MedCloudCare.Sealing;
using MedCloudCare.Study.V1;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// One transaction that makes groups of one owner visible. It holds the owner's counter from its first statement, so what it
/// reads cannot change before it commits: duplicates are decided here, once and for all replicas.
/// </summary>
internal sealed partial class GroupTransaction(NpgsqlDataSource database, BlindIndex patients, Guid owner, IReadOnlyList<UploadGroup> groups)
{
    private readonly Dictionary<string, byte[]> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, StudyChange> _studies = [];
    private readonly Dictionary<(Guid Study, string Uid), SeriesChange> _series = [];
    private readonly Dictionary<Guid, long> _committed = [];
    private readonly List<(PendingInstance Instance, byte[] Stored)> _repeats = [];
    private readonly List<MetadataBatch> _batches = [];
    private readonly List<PendingInstance> _kept = [];

    /// <summary>Runs it; on return the outcomes of all instances are final.</summary>
    public async Task RunAsync()
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        long change = await LockAndReadAsync(connection);
        CheckUploads();
        Decide();
        Gather();
        await WriteAsync(connection, change);
        await transaction.CommitAsync();
        Settle();
    }

    private void CheckUploads()
    {
        Dictionary<Guid, long> at = new(_committed);
        foreach (UploadGroup group in groups)
        {
            if (group.Upload is not { } upload)
            {
                continue;
            }

            if (!at.TryGetValue(upload, out long committed) || committed != group.First)
            {
                throw new UploadMovedException();
            }

            at[upload] = committed + group.Results.Count;
        }
    }

    /// <summary>Tells new instances from those that another upload has stored since they were looked for.</summary>
    private void Decide()
    {
        foreach (UploadGroup group in groups)
        {
            List<PendingInstance> kept = new(group.Pending.Count);
            foreach (PendingInstance instance in group.Pending)
            {
                if (_stored.TryGetValue(instance.SopInstanceUid, out byte[]? stored))
                {
                    _repeats.Add((instance, stored));
                }
                else
                {
                    _stored.Add(instance.SopInstanceUid, instance.Sha256);
                    kept.Add(instance);
                }
            }

            _batches.AddRange(kept.Count == group.Pending.Count ? group.Batches : UploadGroup.Batch(kept));
            _kept.AddRange(kept);
            foreach (PendingInstance instance in kept)
            {
                SeriesOf(instance, group.Author).Add(instance);
            }
        }
    }

    private SeriesChange SeriesOf(PendingInstance instance, Guid author)
    {
        (Guid, string) key = (instance.Study.Id, instance.SeriesInstanceUid);
        if (!_series.TryGetValue(key, out SeriesChange? series))
        {
            series = new SeriesChange(SeriesIds.Of(instance.Study.Id, instance.SeriesInstanceUid), instance, author, isNew: true);
            _series.Add(key, series);
        }

        return series;
    }

    /// <summary>Carries what happened to the series over to their studies.</summary>
    private void Gather()
    {
        foreach (((Guid study, _), SeriesChange series) in _series)
        {
            if (series.Instances > 0)
            {
                _studies[study].Add(series);
            }
        }
    }

    private void Settle()
    {
        foreach ((PendingInstance instance, byte[] stored) in _repeats)
        {
            InstanceResults.Repeat(instance.Result, stored, instance.Sha256);
        }

        foreach (PendingInstance instance in _kept)
        {
            if (instance.Patient.DifferenceFrom(_studies[instance.Study.Id].Patient) is { } warning)
            {
                instance.Result.Warnings.Add(warning);
            }
        }

        foreach (SeriesChange series in _series.Values)
        {
            series.Settle();
        }
    }

    private int CountAfter(UploadGroup group, InstanceResult.Types.Outcome outcome)
    {
        int count = group.Count(outcome);
        foreach ((PendingInstance instance, byte[] stored) in _repeats)
        {
            if (group.Find(instance.SopInstanceUid) != instance)
            {
                continue;
            }

            InstanceResult.Types.Outcome becomes = stored.AsSpan().SequenceEqual(instance.Sha256)
                ? InstanceResult.Types.Outcome.Duplicate
                : InstanceResult.Types.Outcome.Refused;
            count += (outcome == becomes ? 1 : 0) - (outcome == InstanceResult.Types.Outcome.Stored ? 1 : 0);
        }

        return count;
    }

    private long BytesAfter(UploadGroup group)
    {
        long bytes = group.Bytes;
        foreach ((PendingInstance instance, _) in _repeats)
        {
            bytes -= group.Find(instance.SopInstanceUid) == instance ? instance.Length : 0;
        }

        return bytes;
    }
}
