using System.Runtime.CompilerServices;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

internal sealed partial class Searcher
{
    private async Task<Dictionary<Guid, byte[]>> OpenStudiesAsync(List<StudyRecord> studies, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT id, attributes FROM studies WHERE id = ANY($1) AND attributes IS NOT NULL");
        command.Parameters.AddWithValue(studies.ConvertAll(s => s.Id).ToArray());
        Dictionary<Guid, byte[]> opened = new(studies.Count);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Guid id = reader.GetGuid(0);
            using DataKey key = await keys.GetAsync(id, cancellationToken);
            opened.Add(id, key.OpenRow(reader.GetFieldValue<byte[]>(1), StudySeals.StudyAttributes(id)));
        }

        return opened;
    }

    private async Task<List<SeriesRow>> OpenSeriesAsync(List<StudyRecord> studies, CancellationToken cancellationToken)
    {
        List<SeriesRow> rows = await SeriesReader.ReadAsync(database, keys, studies.ConvertAll(s => s.Id).ToArray(), cancellationToken);
        return plan.OnSeries.Count == 0 ? rows : rows.FindAll(r => Holds(plan.OnSeries, r.Attributes));
    }

    private async IAsyncEnumerable<byte[]> InstancesAsync(
        StudyRecord study, byte[]? studyAttributes, SeriesRow series, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<InstanceRow> rows = [];
        await using (NpgsqlCommand command = database.CreateCommand(
            $"SELECT {InstanceRow.Columns} FROM instances i WHERE i.series_id = $1 ORDER BY i.instance_number, i.sop_instance_uid"))
        {
            command.Parameters.AddWithValue(series.Id);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(InstanceRow.Read(reader));
            }
        }

        using DataKey? key = plan.NeedsMetadata ? await keys.GetAsync(study.Id, cancellationToken) : null;
        Dictionary<Guid, ReadOnlyMemory<byte>[]> batches = [];
        foreach (InstanceRow row in rows)
        {
            if (IsDone)
            {
                yield break;
            }

            if (!plan.OnInstance.TrueForAll(row.Meets))
            {
                continue;
            }

            ReadOnlyMemory<byte> metadata = key is null ? default : await MetadataAsync(row, key, batches, cancellationToken);
            if ((plan.OnMetadata.Count == 0 || Holds(plan.OnMetadata, metadata)) && Take())
            {
                yield return InstanceAnswer(study, studyAttributes, series, row, metadata);
            }
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> MetadataAsync(
        InstanceRow row, DataKey key, Dictionary<Guid, ReadOnlyMemory<byte>[]> batches, CancellationToken cancellationToken)
    {
        if (!batches.TryGetValue(row.Batch, out ReadOnlyMemory<byte>[]? documents))
        {
            // Instances of a batch mostly follow each other: a few batches are enough.
            if (batches.Count == 8)
            {
                batches.Clear();
            }

            documents = await MetadataReader.ReadAsync(database, key, row.Batch, cancellationToken);
            batches.Add(row.Batch, documents);
        }

        return row.Position < documents.Length ? documents[row.Position] : throw new InvalidDataException("A metadata batch is shorter than its instances say.");
    }

    private byte[] InstanceAnswer(StudyRecord study, byte[]? studyAttributes, SeriesRow series, InstanceRow row, ReadOnlyMemory<byte> metadata)
    {
        if (!metadata.IsEmpty)
        {
            _answer.Take(metadata, plan.Include);
        }

        AddStudy(study, studyAttributes);
        AddSeries(series);
        row.WriteTo(_answer);
        AddCommon();
        return _answer.ToBytes();
    }
}
