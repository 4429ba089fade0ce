using System.Buffers.Binary;
using System.Text.Json;

namespace MedCloudCare.Studies;

internal sealed partial record PackManifest
{
    /// <summary>The version that is written. Version 1 has one author a group, and replaces nothing.</summary>
    private const int Version = 2;

    /// <summary>Reads what <see cref="Append(PackWriter, Sealing.DataKey)"/> sealed.</summary>
    /// <exception cref="InvalidDataException">The bytes are something else.</exception>
    public static PackManifest Read(ReadOnlyMemory<byte> plaintext)
    {
        try
        {
            ReadOnlyMemory<byte> rest = plaintext;
            using JsonDocument document = JsonDocument.Parse(NextPart(ref rest));
            JsonElement head = document.RootElement;
            if (head.GetProperty("version"u8).GetInt32() is not (1 or Version) and var version)
            {
                throw new InvalidDataException($"A manifest of version {version} is not known to this release.");
            }

            Guid? author = head.TryGetProperty("author"u8, out JsonElement named) ? named.GetGuid() : null;
            List<ManifestBatch> batches = [];
            foreach (JsonElement batch in head.GetProperty("batches"u8).EnumerateArray())
            {
                batches.Add(new ManifestBatch(
                    batch.GetProperty("seriesInstanceUid"u8).GetString()!,
                    author ?? batch.GetProperty("author"u8).GetGuid(),
                    [.. batch.GetProperty("instances"u8).EnumerateArray().Select(ManifestInstance.Read)],
                    NextPart(ref rest).ToArray()));
            }

            return new PackManifest(
                head.GetProperty("study"u8).GetGuid(), head.GetProperty("owner"u8).GetGuid(), head.GetProperty("studyInstanceUid"u8).GetString()!,
                head.GetProperty("groupStart"u8).GetInt64(),
                head.TryGetProperty("replaces"u8, out JsonElement replaces) ? [.. replaces.EnumerateArray().Select(p => p.GetGuid())] : [],
                batches);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException("The bytes are no manifest.", e);
        }
    }

    private static ReadOnlyMemory<byte> NextPart(ref ReadOnlyMemory<byte> rest)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
        ReadOnlyMemory<byte> part = rest.Slice(4, length);
        rest = rest[(4 + length)..];
        return part;
    }
}
