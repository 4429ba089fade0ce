using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Finds the study of an owner that an instance belongs to, or reserves a new one: its key must exist before the first byte
/// is sealed. A reservation that no instance was committed to is taken back. Thread-safe.
/// </summary>
internal sealed class StudyRegistry(NpgsqlDataSource database, IDataKeyStore keys) : IDisposable
{
    private const int Stripes = 64;
    private const int MaxRounds = 8;

    private readonly Dictionary<(Guid Owner, string Uid), OpenStudy> _open = [];
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>The study, opened or reserved. To be released.</summary>
    public async Task<OpenStudy> AcquireAsync(Guid owner, string studyInstanceUid, CancellationToken cancellationToken)
    {
        SemaphoreSlim stripe = StripeOf(owner, studyInstanceUid);
        await stripe.WaitAsync(cancellationToken);
        try
        {
            if (TryHold(owner, studyInstanceUid) is { } open)
            {
                return open;
            }

            OpenStudy study = await OpenAsync(owner, studyInstanceUid, cancellationToken);
            study.Holders = 1;
            lock (_open)
            {
                _open.Add((owner, studyInstanceUid), study);
            }

            return study;
        }
        finally
        {
            stripe.Release();
        }
    }

    /// <summary>Lets a study go; the last holder of an unused reservation takes it back.</summary>
    public async Task ReleaseAsync(OpenStudy study)
    {
        SemaphoreSlim stripe = StripeOf(study.Owner, study.StudyInstanceUid);
        await stripe.WaitAsync();
        try
        {
            lock (_open)
            {
                if (--study.Holders > 0)
                {
                    return;
                }

                // It may have been forgotten, and another study of this UID opened.
                _open.Remove(KeyOf(study), out OpenStudy? open);
                if (open is not null && open != study)
                {
                    _open.Add(KeyOf(open), open);
                }
            }

            study.Key.Dispose();
            if (study.IsReserved)
            {
                await TakeBackAsync(study.Id);
            }
        }
        finally
        {
            stripe.Release();
        }
    }

    /// <summary>Studies were deleted: whoever acquires one of their UIDs gets a new study. Holders keep what they have.</summary>
    public void Forget(params ReadOnlySpan<Guid> studies)
    {
        lock (_open)
        {
            foreach (OpenStudy open in _open.Values.ToArray())
            {
                if (studies.Contains(open.Id))
                {
                    _open.Remove(KeyOf(open));
                }
            }
        }
    }

    /// <summary>Takes back reservations that a process left behind when it died.</summary>
    /// <returns>How many.</returns>
    public async Task<int> SweepAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        List<Guid> left = await database.CreateCommand("SELECT id FROM studies WHERE instance_count = 0 AND create_time < now() - $1 LIMIT 1000").With(age)
            .ListAsync(r => r.GetGuid(0), cancellationToken);
        foreach (Guid id in left)
        {
            bool inUse;
            lock (_open)
            {
                inUse = _open.Values.Any(s => s.Id == id);
            }

            if (!inUse)
            {
                await TakeBackAsync(id);
            }
        }

        return left.Count;
    }

    public void Dispose()
    {
        foreach (SemaphoreSlim stripe in _stripes)
        {
            stripe.Dispose();
        }
    }

    private OpenStudy? TryHold(Guid owner, string uid)
    {
        lock (_open)
        {
            if (_open.TryGetValue((owner, uid), out OpenStudy? study))
            {
                study.Holders++;
            }

            return study;
        }
    }

    /// <summary>The study of a UID, which is reserved where there is none.</summary>
    private async Task<OpenStudy> OpenAsync(Guid owner, string uid, CancellationToken cancellationToken)
    {
        // Each round that finds nothing to open has removed or lost something that was on its way out.
        for (int round = 0; round < MaxRounds; round++)
        {
            if (await FindAsync(owner, uid, cancellationToken) is not (var id, var reserved))
            {
                // The row first: a crash after it leaves a reservation, which is swept, and never a key that nothing knows of.
                await ReserveAsync(owner, uid, cancellationToken);
                continue;
            }

            try
            {
                DataKey key = reserved ? await GetOrCreateAsync(id, cancellationToken) : await keys.GetAsync(id, cancellationToken);
                return new OpenStudy(id, owner, uid, key, reserved);
            }
            catch (DataKeyErasedException)
            {
                // Taken back half-way, or deleted and restored from a backup: it cannot be opened again, a new study takes its place.
                await (reserved ? TakeBackAsync(id) : DeletionTransaction.RunAsync(database, id, owner));
            }
        }

        throw new StudyVanishedException([]);
    }

    private async Task<(Guid Id, bool IsReserved)?> FindAsync(Guid owner, string uid, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            "SELECT id, instance_count FROM studies WHERE owner = $1 AND study_instance_uid = $2");
        command.Parameters.AddWithValue(owner);
        command.Parameters.AddWithValue(uid);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetGuid(0), reader.GetInt32(1) == 0) : null;
    }

    private async Task ReserveAsync(Guid owner, string uid, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            "INSERT INTO studies (id, owner, study_instance_uid) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
        command.Parameters.AddWithValue(Guid.CreateVersion7());
        command.Parameters.AddWithValue(owner);
        command.Parameters.AddWithValue(uid);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The key of a reservation; of several replicas that look for it, one makes it.</summary>
    private async Task<DataKey> GetOrCreateAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            return await keys.GetAsync(id, cancellationToken);
        }
        catch (DataKeyNotFoundException)
        {
            try
            {
                return await keys.CreateAsync(id, cancellationToken);
            }
            catch (InvalidOperationException)
            {
                return await keys.GetAsync(id, cancellationToken);
            }
        }
    }

    /// <summary>Row and key go together: while the row is locked, nobody commits an instance under the key.</summary>
    private async Task TakeBackAsync(Guid id)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using NpgsqlCommand find = new("SELECT true FROM studies WHERE id = $1 AND instance_count = 0 FOR UPDATE", connection);
        find.Parameters.AddWithValue(id);
        if (await find.ExecuteScalarAsync() is null)
        {
            return;
        }

        // It has packs where all that was sealed for it turned out to be refused or stored elsewhere when it was committed.
        await using NpgsqlBatch batch = new(connection);
        foreach (string sql in (ReadOnlySpan<string>)
        [
            "INSERT INTO dead_packs (id, study_id) SELECT id, study_id FROM packs WHERE study_id = $1 ON CONFLICT DO NOTHING",
            "DELETE FROM packs WHERE study_id = $1",
            "DELETE FROM studies WHERE id = $1",
        ])
        {
            NpgsqlBatchCommand command = new(sql);
            command.Parameters.Add(new NpgsqlParameter { Value = id });
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync();

        try
        {
            await keys.EraseAsync(id);
        }
        catch (DataKeyNotFoundException)
        {
            // Its maker died before it had one.
        }

        await transaction.CommitAsync();
    }

    private static (Guid Owner, string Uid) KeyOf(OpenStudy study) => (study.Owner, study.StudyInstanceUid);

    private SemaphoreSlim StripeOf(Guid owner, string uid) => _stripes[(uint)HashCode.Combine(owner, uid) % Stripes];
}
