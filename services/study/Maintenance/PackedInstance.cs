using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>An instance with all that a manifest says of it, its layout and metadata still sealed.</summary>
internal sealed record PackedInstance(
    Guid Id, Guid Series, string SeriesInstanceUid, Guid Author, string SopInstanceUid, string SopClassUid, string TransferSyntaxUid,
    Guid Pack, ByteRange Place, long Length, byte[] SealHeader, byte[] Sha256, Guid Batch, int Position, int MetadataBytes)
{
    private const string OfPacks = """
        SELECT i.id, e.id, e.series_instance_uid, e.author, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.pack_id, i.pack_offset,
            i.sealed_length, i.length, i.seal_header, i.sha256, i.batch_id, i.batch_position, octet_length(b.content) / greatest(b.instance_count, 1)
        FROM instances i JOIN series e ON e.id = i.series_id JOIN metadata_batches b ON b.id = i.batch_id
        WHERE i.pack_id = ANY($1)
        """;

    /// <summary>The instances of packs, as they are read: by series and instance number.</summary>
    public static Task<List<PackedInstance>> ListAsync(NpgsqlDataSource database, Guid[] packs, CancellationToken cancellationToken) =>
        database.CreateCommand(OfPacks + " ORDER BY e.series_instance_uid, i.instance_number, i.sop_instance_uid")
            .With((object)packs).ListAsync(Read, cancellationToken);

    /// <summary>The sealed layouts of instances.</summary>
    public static async Task<Dictionary<Guid, byte[]>> LayoutsAsync(NpgsqlDataSource database, Guid[] instances, CancellationToken cancellationToken) =>
        (await database.CreateCommand("SELECT id, layout FROM instances WHERE id = ANY($1)").With((object)instances)
            .ListAsync(r => (r.GetGuid(0), r.GetFieldValue<byte[]>(1)), cancellationToken)).ToDictionary(r => r.Item1, r => r.Item2);

    /// <summary>Reads all of it, giving nothing out: every segment is authentic and the hash is that of the row.</summary>
    /// <exception cref="SealedDataException"/>
    /// <exception cref="InvalidDataException">Another file lies there.</exception>
    public async Task CheckAsync(IObjectReader pack, ByteRange place, DataKey key, CancellationToken cancellationToken)
    {
        using SealedStreamReader reader = new(key, StudySeals.Instance(key.Id, SopInstanceUid), SealHeader, place.Length);
        using System.Security.Cryptography.IncrementalHash hash =
            System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        await foreach (ReadOnlyMemory<byte> piece in reader.ReadAsync(pack.Source(place), 0, reader.Length, cancellationToken).ConfigureAwait(false))
        {
            hash.AppendData(piece.Span);
        }

        if (reader.Length != Length || !hash.GetHashAndReset().AsSpan().SequenceEqual(Sha256))
        {
            throw new InvalidDataException("The bytes are authentic, but not those of this row.");
        }
    }

    private static PackedInstance Read(NpgsqlDataReader r) => new(
        r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetGuid(3), r.GetString(4), r.GetString(5), r.GetString(6), r.GetGuid(7),
        new ByteRange(r.GetInt64(8), r.GetInt64(9)), r.GetInt64(10), r.GetFieldValue<byte[]>(11), r.GetFieldValue<byte[]>(12), r.GetGuid(13),
        r.GetInt32(14), r.GetInt32(15));
}
