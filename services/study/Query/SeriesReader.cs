using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>Reads series and opens their attributes.</summary>
internal static class SeriesReader
{
    /// <summary>The series of studies, in no order.</summary>
    /// <exception cref="SealedDataException"/>
    public static async Task<List<SeriesRow>> ReadAsync(NpgsqlDataSource database, IDataKeyStore keys, Guid[] studies, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT id, study_id, series_instance_uid, author, instance_count, size_bytes, create_time, attributes
            FROM series WHERE study_id = ANY($1) ORDER BY study_id
            """);
        command.Parameters.AddWithValue(studies);
        List<SeriesRow> rows = [];
        DataKey? key = null;
        try
        {
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                Guid study = reader.GetGuid(1);
                if (key?.Id != study)
                {
                    key?.Dispose();
                    key = null;
                    key = await keys.GetAsync(study, cancellationToken);
                }

                Guid id = reader.GetGuid(0);
                byte[] attributes = key.OpenRow(reader.GetFieldValue<byte[]>(7), StudySeals.SeriesAttributes(id));
                rows.Add(new SeriesRow(
                    id, study, reader.GetString(2), reader.GetGuid(3), reader.GetInt32(4), reader.GetInt64(5), reader.GetDateTime(6), attributes,
                    DicomDataset.FromJson(attributes).GetInt(DicomTags.SeriesNumber)));
            }
        }
        finally
        {
            key?.Dispose();
        }

        return rows;
    }
}
