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

    /// <summary>Several batches in one round trip, in the order asked for; those that are gone meanwhile are left out.</summary>
    /// <exception cref="SealedDataException"/>
    public static async Task<List<ReadOnlyMemory<byte>[]>> ReadAsync(NpgsqlDataSource database, DataKey key, Guid[] batches, CancellationToken cancellationToken)
    {
        List<ReadOnlyMemory<byte>[]> opened = new(batches.Length);
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT b.id, b.instance_count, b.content FROM unnest($1) WITH ORDINALITY AS w (id, position) JOIN metadata_batches b ON b.id = w.id
            ORDER BY w.position
            """);
        command.Parameters.AddWithValue(batches);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            byte[] content = key.OpenRow(reader.GetFieldValue<byte[]>(2), StudySeals.Metadata(reader.GetGuid(0)));
            opened.Add(MetadataBatch.Read(content, reader.GetInt32(1)));
        }

        return opened;
    }
}
