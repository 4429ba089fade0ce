using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>Where a group lies in its pack.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Manifest">Its sealed manifest.</param>
/// <param name="End">Behind its trailer.</param>
internal readonly record struct GroupPlace(long Start, ByteRange Manifest, long End);

/// <summary>Walks through a pack without the database: header, groups, manifests (FORMAT.md). Does not own the object.</summary>
internal sealed class PackReader(IObjectReader source, Guid id, long length)
{
    private const int Window = 1 << 20;

    // A group holds 16 MiB of metadata before compression, and its last instance may bring as much again.
    private const long LargestManifest = 256L << 20;

    /// <summary>The study that the header names.</summary>
    /// <exception cref="InvalidDataException">It is no pack, or another one.</exception>
    public async Task<Guid> ReadStudyAsync(CancellationToken cancellationToken)
    {
        byte[] header = await ReadAsync(new ByteRange(0, PackFormat.HeaderLength), cancellationToken).ConfigureAwait(false);
        return PackFormat.TryReadHeader(header, out Guid study, out Guid pack) && pack == id
            ? study
            : throw new InvalidDataException("The object is not the pack that its name says.");
    }

    /// <summary>The groups that end at or before an offset, the last one first.</summary>
    /// <param name="end">Where a group ends, or anything behind the last one if <paramref name="search"/> is set.</param>
    /// <param name="search">Bytes behind the last trailer, of a group that was never completed, are passed over.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    /// <exception cref="InvalidDataException">The trailers do not lead to the beginning.</exception>
    public async Task<List<GroupPlace>> ReadGroupsAsync(long end, bool search, CancellationToken cancellationToken)
    {
        List<GroupPlace> groups = [];
        end = search ? await FindEndAsync(end, cancellationToken).ConfigureAwait(false) : end;
        while (end > PackFormat.HeaderLength)
        {
            long at = end - PackFormat.TrailerLength;
            if (at < PackFormat.HeaderLength
                || !PackFormat.TryReadTrailer(await ReadAsync(new ByteRange(at, PackFormat.TrailerLength), cancellationToken).ConfigureAwait(false), out long start, out long manifest)
                || start > at - manifest)
            {
                throw new InvalidDataException($"There is no trailer at offset {at}.");
            }

            groups.Add(new GroupPlace(start, new ByteRange(at - manifest, manifest), end));
            end = start;
        }

        return groups;
    }

    /// <summary>Opens the manifest of a group.</summary>
    /// <exception cref="SealedDataException"/>
    /// <exception cref="InvalidDataException">It is not the manifest of this group.</exception>
    public async Task<PackManifest> ReadManifestAsync(GroupPlace group, DataKey key, CancellationToken cancellationToken)
    {
        if (group.Manifest.Length > LargestManifest)
        {
            throw new InvalidDataException("A manifest is larger than any that is written.");
        }

        ISealedSource place = source.Source(group.Manifest);
        byte[] aad = PackManifest.AssociatedDataOf(key.Id, id, group.Manifest.Offset);
        using SealedStreamReader reader = await SealedStreamReader.OpenAsync(key, aad, place, group.Manifest.Length, cancellationToken).ConfigureAwait(false);
        byte[] plaintext = new byte[reader.Length];
        await reader.ReadExactlyAsync(place, 0, plaintext, cancellationToken).ConfigureAwait(false);
        PackManifest manifest = PackManifest.Read(plaintext);
        return manifest.Study == key.Id && manifest.GroupStart == group.Start
            ? manifest
            : throw new InvalidDataException("A manifest belongs to another group.");
    }

    /// <summary>Bytes of the pack as they lie.</summary>
    public async Task<byte[]> ReadAsync(ByteRange place, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[place.Length];
        ISealedSource range = source.Source(place);
        for (int at = 0; at < bytes.Length;)
        {
            int read = await range.ReadAsync(at, bytes.AsMemory(at), cancellationToken).ConfigureAwait(false);
            at += read > 0 ? read : throw new InvalidDataException("The pack ends before its length.");
        }

        return bytes;
    }

    private async Task<long> FindEndAsync(long end, CancellationToken cancellationToken)
    {
        end = Math.Min(end, length);
        while (end - PackFormat.TrailerLength >= PackFormat.HeaderLength)
        {
            long start = Math.Max(PackFormat.HeaderLength, end - Window);
            byte[] bytes = await ReadAsync(new ByteRange(start, end - start), cancellationToken).ConfigureAwait(false);
            if (PackTail.FindIn(bytes, start, PackFormat.HeaderLength) is { } found)
            {
                return found;
            }

            if (start == PackFormat.HeaderLength)
            {
                break;
            }

            end = start + PackFormat.TrailerLength - 1;
        }

        return PackFormat.HeaderLength;
    }
}
