using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Deletes studies. One transaction takes the rows away and notes the deletion; then the key is erased, which is what makes
/// the deletion final. What a crash leaves between the two is finished at the next start; bytes are removed by
/// <see cref="DeletionWorker"/>. Thread-safe.
/// </summary>
internal sealed partial class StudyDeletion(
    NpgsqlDataSource database, IDataKeyStore keys, StudyRegistry registry, DeletionSignal signal, ILogger<StudyDeletion> log)
{
    private const string Unfinished = "SELECT study_id FROM deletions WHERE NOT key_erased LIMIT 1000";

    /// <summary>Deletes a study for good: hidden from everybody and its key erased when this returns.</summary>
    /// <param name="study">The study.</param>
    /// <param name="owner">Its owner.</param>
    /// <param name="instances">Only if it holds so many instances.</param>
    /// <returns>False when there is no such study of this owner.</returns>
    /// <exception cref="IOException">The key store failed: the study is hidden, and its key erased later.</exception>
    public async Task<bool> DeleteAsync(Guid study, Guid owner, int? instances = null)
    {
        if (!await DeletionTransaction.RunAsync(database, study, owner, instances))
        {
            return false;
        }

        registry.Forget(study);
        await EraseKeyAsync(study);
        signal.Set();
        LogDeleted(log, study);
        return true;
    }

    /// <summary>Erases the keys of deletions that were cut short.</summary>
    /// <returns>How many.</returns>
    public async Task<int> FinishAsync(CancellationToken cancellationToken)
    {
        List<Guid> left = await database.CreateCommand(Unfinished).ListAsync(r => r.GetGuid(0), cancellationToken);
        foreach (Guid study in left)
        {
            await EraseKeyAsync(study);
        }

        return left.Count;
    }

    /// <summary>
    /// Takes away the rows of studies whose keys were erased: the database is older than the key store, having been restored.
    /// </summary>
    /// <returns>How many.</returns>
    public async Task<int> RemoveErasedAsync(CancellationToken cancellationToken)
    {
        int removed = 0;
        await foreach (Guid[] erased in keys.ListErasedAsync(cancellationToken).Chunk(1000).WithCancellation(cancellationToken))
        {
            List<(Guid Id, Guid Owner)> studies = await database.CreateCommand("SELECT id, owner FROM studies WHERE id = ANY($1)").With(erased)
                .ListAsync(r => (r.GetGuid(0), r.GetGuid(1)), cancellationToken);
            foreach ((Guid id, Guid owner) in studies)
            {
                removed += await DeleteAsync(id, owner) ? 1 : 0;
            }
        }

        return removed;
    }

    private async Task EraseKeyAsync(Guid study)
    {
        try
        {
            await keys.EraseAsync(study);
        }
        catch (DataKeyNotFoundException)
        {
            // Nothing to erase: the key store was lost or never held it.
        }

        await using NpgsqlCommand command = database.CreateCommand("UPDATE deletions SET key_erased = true WHERE study_id = $1");
        command.Parameters.AddWithValue(study);
        await command.ExecuteNonQueryAsync();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted study {Study}: its key is erased")]
    private static partial void LogDeleted(ILogger log, Guid study);
}
