using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

internal sealed partial class StudyIndex
{
    private const string Columns =
        "s.id, s.owner, s.study_instance_uid, s.series_count, s.instance_count, s.size_bytes, s.change, s.create_time, s.update_time, s.attributes";

    // Rows that are opened in one go: some ten milliseconds of work, so that loading a large owner leaves the others their turns.
    private const int Batch = 256;

    private static readonly int Openers = Environment.ProcessorCount;

    private async Task CatchUpAsync(OwnerIndex partition, long change)
    {
        await partition.Gate.WaitAsync();
        try
        {
            if (partition.Change >= change)
            {
                return;
            }

            if (partition.Change == 0)
            {
                await LoadAsync(partition, change);
                return;
            }

            // Rows are read after the counter: they may hold later changes, whole transactions each, and miss none up to it.
            await using NpgsqlCommand command = database.CreateCommand($"SELECT {Columns} FROM studies s WHERE owner = $1 AND change > $2");
            command.Parameters.AddWithValue(partition.Owner);
            command.Parameters.AddWithValue(partition.Change);
            Dictionary<Guid, StudyRecord> changed = [];
            HashSet<Guid> removed = [];
            await ReadAsync(command, opened => Sort(opened, record => changed[record.Id] = record, removed), CancellationToken.None);
            removed.UnionWith(await DeletedAsync(partition));
            partition.Apply([.. changed.Values], removed, change);
        }
        finally
        {
            partition.Gate.Release();
        }
    }

    private async Task LoadAsync(OwnerIndex partition, long change)
    {
        await using NpgsqlCommand command = database.CreateCommand($"SELECT {Columns} FROM studies s WHERE owner = $1 AND instance_count > 0");
        command.Parameters.AddWithValue(partition.Owner);
        command.CommandTimeout = 300;
        try
        {
            HashSet<Guid> removed = [];
            await ReadAsync(command, opened => Sort(opened, partition.Load, removed), CancellationToken.None);
            partition.Finish(removed, change);
        }
        catch
        {
            partition.Abandon();
            throw;
        }
    }

    /// <summary>A study that cannot be opened, or has no instances any more, is not listed.</summary>
    private static void Sort(OpenedStudy opened, Action<StudyRecord> found, HashSet<Guid> removed)
    {
        if (opened.Record is { InstanceCount: > 0 } record)
        {
            found(record);
        }
        else
        {
            removed.Add(opened.Id);
        }
    }

    private Task<List<Guid>> DeletedAsync(OwnerIndex partition) =>
        database.CreateCommand("SELECT study_id FROM deletions WHERE owner = $1 AND change > $2").With(partition.Owner, partition.Change)
            .ListAsync(r => r.GetGuid(0), CancellationToken.None);

    /// <summary>Reads rows and opens them, several batches at a time where there are many.</summary>
    private async Task ReadAsync(NpgsqlCommand command, Action<OpenedStudy> take, CancellationToken cancellationToken)
    {
        Queue<Task<List<OpenedStudy>>> opening = new();
        List<SealedStudy> batch = [];
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                batch.Add(SealedStudy.Read(reader));
                if (batch.Count < Batch)
                {
                    continue;
                }

                List<SealedStudy> full = batch;
                opening.Enqueue(Task.Run(() => OpenAsync(full, isMany: true, cancellationToken), cancellationToken));
                batch = new(Batch);
                if (opening.Count > Openers)
                {
                    (await opening.Dequeue()).ForEach(take);
                }
            }
        }

        while (opening.Count > 0)
        {
            (await opening.Dequeue()).ForEach(take);
        }

        (await OpenAsync(batch, isMany: false, cancellationToken)).ForEach(take);
    }

    private async Task<List<OpenedStudy>> OpenAsync(List<SealedStudy> batch, bool isMany, CancellationToken cancellationToken)
    {
        List<OpenedStudy> opened = new(batch.Count);
        foreach (SealedStudy study in batch)
        {
            opened.Add(new OpenedStudy(study.Row.Id, study.Row.Change, await OpenAsync(study, isMany, cancellationToken)));
        }

        return opened;
    }

    private async ValueTask<StudyRecord?> OpenAsync(SealedStudy study, bool isMany, CancellationToken cancellationToken)
    {
        if (study.Attributes is null)
        {
            return null;
        }

        try
        {
            // Of many, keys are not kept: they would drive those in use out of memory.
            using DataKey key = isMany ? await keys.GetOnceAsync(study.Row.Id, cancellationToken) : await keys.GetAsync(study.Row.Id, cancellationToken);
            return StudyRecord.Of(study.Row, key.OpenRow(study.Attributes, StudySeals.StudyAttributes(study.Row.Id)));
        }
        catch (DataKeyErasedException)
        {
            // Deleted: its rows are on their way out.
            return null;
        }
        catch (Exception e) when (e is SealedDataException or DataKeyNotFoundException or DicomException)
        {
            // One damaged study must not hide the others. Asking for it says SEAL_BROKEN.
            LogUnreadable(log, study.Row.Id, e.GetType().Name);
            return null;
        }
    }

    /// <summary>A row as it is stored.</summary>
    private readonly record struct SealedStudy(StudyRow Row, byte[]? Attributes)
    {
        public static SealedStudy Read(NpgsqlDataReader reader) => new(
            new StudyRow(
                reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt64(5),
                reader.GetInt64(6), reader.GetDateTime(7), reader.GetDateTime(8)),
            reader.IsDBNull(9) ? null : reader.GetFieldValue<byte[]>(9));
    }

    /// <summary>What became of a row: without a record it cannot be opened.</summary>
    private readonly record struct OpenedStudy(Guid Id, long Change, StudyRecord? Record);
}
