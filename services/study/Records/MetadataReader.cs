using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>Reads and opens metadata batches.</summary>
internal static class MetadataReader
{
    /// <summary>The DICOM JSON of the instances of a batch, in its order.</summary>
    /// <exception cref="SealedDataException"/>
    public static async Task<ReadOnlyMemory<byte>[]> ReadAsync(NpgsqlDataSource database, DataKey key, Guid batch, CancellationToken cancellationToken)
    {
        byte[] content;
        int count;
        await using (NpgsqlCommand command = database.CreateCommand("SELECT instance_count, content FROM metadata_batches WHERE id = $1"))
        {
            command.Parameters.AddWithValue(batch);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                throw new DataKeyErasedException(key.Id);
            }

            count = reader.GetInt32(0);
            content = reader.GetFieldValue<byte[]>(1);
        }

        return MetadataBatch.Read(key.OpenRow(content, StudySeals.Metadata(batch)), count);
    }
}
