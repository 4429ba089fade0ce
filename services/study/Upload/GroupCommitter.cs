using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>
/// Commits groups, of one owner one transaction at a time: while one runs, the groups of other calls gather and share the
/// next one, so that many small uploads do not wait for a flush of the write-ahead log each. Thread-safe.
/// </summary>
internal sealed class GroupCommitter(NpgsqlDataSource database, BlindIndex patients)
{
    private const int MaxGroupsPerTransaction = 32;
    private readonly Dictionary<Guid, Queue<Waiting>> _owners = [];

    /// <summary>
    /// Commits a group whose bytes are durable. Outcomes of its instances are final when this returns.
    /// </summary>
    /// <exception cref="UploadMovedException">Another call has advanced the upload, or it is gone.</exception>
    /// <exception cref="StudyVanishedException">A study of the group was deleted meanwhile.</exception>
    public Task CommitAsync(UploadGroup group)
    {
        Waiting waiting = new(group);
        lock (_owners)
        {
            if (_owners.TryGetValue(group.Owner, out Queue<Waiting>? queue))
            {
                queue.Enqueue(waiting);
                return waiting.Done.Task;
            }

            _owners.Add(group.Owner, new Queue<Waiting>([waiting]));
        }

        _ = Task.Run(() => RunAsync(group.Owner));
        return waiting.Done.Task;
    }

    private async Task RunAsync(Guid owner)
    {
        while (true)
        {
            List<Waiting> batch = [];
            lock (_owners)
            {
                Queue<Waiting> queue = _owners[owner];
                while (batch.Count < MaxGroupsPerTransaction && queue.TryDequeue(out Waiting? waiting))
                {
                    batch.Add(waiting);
                }

                if (batch.Count == 0)
                {
                    _owners.Remove(owner);
                    return;
                }
            }

            await CommitTogetherAsync(owner, batch);
        }
    }

    private async Task CommitTogetherAsync(Guid owner, List<Waiting> batch)
    {
        try
        {
            await new GroupTransaction(database, patients, owner, [.. batch.Select(w => w.Group)]).RunAsync();
            foreach (Waiting waiting in batch)
            {
                waiting.Done.TrySetResult();
            }
        }
        catch (Exception e) when (batch.Count > 1 && e is UploadMovedException or StudyVanishedException)
        {
            // Nothing was committed: the fault of one must not fail the others.
            foreach (Waiting waiting in batch)
            {
                await CommitTogetherAsync(owner, [waiting]);
            }
        }
        catch (Exception e)
        {
            foreach (Waiting waiting in batch)
            {
                waiting.Done.TrySetException(e);
            }
        }
    }

    private sealed record Waiting(UploadGroup Group)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>An upload is not where a call believes it to be: another call of the same upload was faster.</summary>
internal sealed class UploadMovedException : Exception;

/// <summary>A study was deleted while instances of it arrived.</summary>
internal sealed class StudyVanishedException(Guid[] studies) : Exception
{
    /// <summary>The studies.</summary>
    public Guid[] Studies { get; } = studies;
}
