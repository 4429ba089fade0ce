using System.Buffers;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>A study whose packs are rewritten.</summary>
internal sealed record RewrittenStudy(Guid Id, Guid Owner, string StudyInstanceUid);

/// <summary>
/// Writes a pack from instances of others. Sealed streams do not say where they lie, so they are copied as they are; only the
/// manifest is made again. The new pack is read back and every segment of it verified before anything refers to it.
/// </summary>
internal sealed class PackRewriter(NpgsqlDataSource database, IObjectStore store, StudyOptions options)
{
    private const int CopyBytes = 256 << 10;

    /// <summary>Writes the pack; it is durable and verified when this returns, and nothing refers to it yet.</summary>
    /// <returns>The writer, still open, and the offset of each instance.</returns>
    public async Task<(PackWriter Pack, long[] Offsets)> WriteAsync(
        RewrittenStudy study, DataKey key, IReadOnlyList<PackedInstance> instances, IReadOnlyList<Guid> replaces, CancellationToken cancellationToken)
    {
        PackWriter pack = new(store.Create(Guid.CreateVersion7()), study.Id);
        try
        {
            long[] offsets = await CopyAsync(pack, instances, cancellationToken);
            List<ManifestBatch> batches = await DescribeAsync(key, instances, offsets, cancellationToken);
            new PackManifest(study.Id, study.Owner, study.StudyInstanceUid, pack.GroupStart, replaces, batches).Append(pack, key);
            pack.EndGroup();
            await pack.FlushAsync(cancellationToken);
            using IObjectReader written = store.Open(pack.Id);
            for (int i = 0; i < offsets.Length; i++)
            {
                await instances[i].CheckAsync(written, new ByteRange(offsets[i], instances[i].Place.Length), key, cancellationToken);
            }

            return (pack, offsets);
        }
        catch
        {
            await RemoveAsync(pack);
            throw;
        }
    }

    /// <summary>Takes a pack back that nothing refers to.</summary>
    public async Task RemoveAsync(PackWriter pack)
    {
        if (pack.HoldsOneGroup)
        {
            pack.Dispose();
            await store.DeleteAsync(pack.Id, CancellationToken.None);
        }
        else
        {
            pack.Discard();
        }
    }

    private async Task<long[]> CopyAsync(PackWriter pack, IReadOnlyList<PackedInstance> instances, CancellationToken cancellationToken)
    {
        long[] offsets = new long[instances.Count];
        Dictionary<Guid, IObjectReader> sources = [];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            for (int i = 0; i < offsets.Length; i++)
            {
                PackedInstance instance = instances[i];
                if (!sources.TryGetValue(instance.Pack, out IObjectReader? source))
                {
                    sources.Add(instance.Pack, source = store.Open(instance.Pack));
                }

                offsets[i] = pack.Length;
                ISealedSource bytes = source.Source(instance.Place);
                for (long at = 0; at < instance.Place.Length;)
                {
                    int read = await bytes.ReadAsync(at, buffer, cancellationToken);
                    pack.Write(buffer.AsSpan(0, read > 0 ? read : throw new InvalidDataException("A pack ends before its length.")));
                    at += read;
                    if (pack.IsCongested)
                    {
                        await pack.WaitForRoomAsync();
                    }
                }
            }

            return offsets;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            foreach (IObjectReader source in sources.Values)
            {
                source.Dispose();
            }
        }
    }

    private async Task<List<ManifestBatch>> DescribeAsync(
        DataKey key, IReadOnlyList<PackedInstance> instances, long[] offsets, CancellationToken cancellationToken)
    {
        Dictionary<Guid, byte[]> layouts = await PackedInstance.LayoutsAsync(database, [.. instances.Select(i => i.Id)], cancellationToken);
        Dictionary<Guid, ReadOnlyMemory<byte>> documents = [];
        foreach (IGrouping<Guid, PackedInstance> batch in instances.GroupBy(i => i.Batch))
        {
            ReadOnlyMemory<byte>[] opened = await MetadataReader.ReadAsync(database, key, batch.Key, cancellationToken);
            foreach (PackedInstance instance in batch)
            {
                // A copy: one document must not keep those of the whole batch.
                documents.Add(instance.Id, opened[instance.Position].ToArray());
            }
        }

        List<ManifestBatch> batches = [];
        foreach (IGrouping<(string Uid, Guid Author), (PackedInstance Instance, long Offset)> series in
            instances.Zip(offsets).GroupBy(i => (i.First.SeriesInstanceUid, i.First.Author)))
        {
            foreach ((PackedInstance Instance, long Offset)[] chunk in series.Chunk(options.GroupInstances))
            {
                batches.Add(new ManifestBatch(
                    series.Key.Uid, series.Key.Author, [.. chunk.Select(c => ToManifest(c.Instance, c.Offset, OpenLayout(c.Instance)))],
                    MetadataBatch.Compress([.. chunk.Select(c => documents[c.Instance.Id])])));
            }
        }

        return batches;

        byte[] OpenLayout(PackedInstance instance) => layouts.TryGetValue(instance.Id, out byte[]? layout)
            ? key.OpenRow(layout, StudySeals.Layout(instance.Id))
            : throw new DataKeyErasedException(key.Id);
    }

    private static ManifestInstance ToManifest(PackedInstance instance, long offset, byte[] layout) => new(
        instance.Id, instance.SopInstanceUid, instance.SopClassUid, instance.TransferSyntaxUid, offset, instance.Place.Length, instance.Length,
        instance.Sha256, layout);
}
