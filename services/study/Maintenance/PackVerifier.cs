using MedCloudCare.Sealing;
using Npgsql;
using Finding = MedCloudCare.Study.V1.VerifyArchiveResponse.Types.Finding;
using Problem = MedCloudCare.Study.V1.VerifyArchiveResponse.Types.Finding.Types.Problem;

namespace MedCloudCare.Studies;

/// <summary>Checks one pack: bytes against manifests and rows.</summary>
internal sealed class PackVerifier(NpgsqlDataSource database, IObjectStore store, PackRow row, DataKey key, List<Finding> findings)
{
    /// <summary>Instances that were checked.</summary>
    public int Instances { get; private set; }

    public static Finding FindingOf(PackRow row, Problem problem, string detail) =>
        new() { Object = row.Id.ToString(), Study = $"studies/{row.Study}", Problem = problem, Detail = detail };

    public async Task RunAsync(bool quick, CancellationToken cancellationToken)
    {
        // 1. The object.
        if (await store.FindAsync(row.Id, cancellationToken) is not { } stored)
        {
            Add(Problem.ObjectMissing, $"The store does not have this object of {row.Size} bytes.");
            return;
        }

        if (stored.Length < row.Size)
        {
            Add(Problem.ObjectTruncated, $"{row.Size} bytes were committed, {stored.Length} are there.");
        }

        // 2. What it says of itself.
        using IObjectReader reader = store.Open(row.Id);
        PackReader pack = new(reader, row.Id, stored.Length);
        List<PackedInstance> instances = await PackedInstance.ListAsync(database, [row.Id], cancellationToken);
        Dictionary<Guid, ManifestInstance>? listed = await ReadManifestsAsync(pack, cancellationToken);

        // 3. What the database says of it.
        if (listed is not null)
        {
            await CompareAsync(instances, listed, cancellationToken);
        }

        // 4. Its bytes.
        foreach (PackedInstance instance in instances)
        {
            Instances++;
            if (!quick)
            {
                await CheckAsync(instance, reader, cancellationToken);
            }
        }

        await CheckBatchesAsync(instances, cancellationToken);
    }

    private async Task<Dictionary<Guid, ManifestInstance>?> ReadManifestsAsync(PackReader pack, CancellationToken cancellationToken)
    {
        Problem stage = Problem.HeaderBroken;
        try
        {
            if (await pack.ReadStudyAsync(cancellationToken) != row.Study)
            {
                Add(stage, "The header names another study.");
                return null;
            }

            stage = Problem.ManifestBroken;
            Dictionary<Guid, ManifestInstance> listed = [];
            foreach (GroupPlace group in await pack.ReadGroupsAsync(row.Size, search: false, cancellationToken))
            {
                foreach (ManifestInstance instance in (await pack.ReadManifestAsync(group, key, cancellationToken)).Batches.SelectMany(b => b.Instances))
                {
                    listed.TryAdd(instance.Id, instance);
                }
            }

            return listed;
        }
        catch (Exception e) when (e is SealedDataException or InvalidDataException or ObjectMissingException)
        {
            Add(stage, e.Message);
            return null;
        }
    }

    private async Task CompareAsync(List<PackedInstance> instances, Dictionary<Guid, ManifestInstance> listed, CancellationToken cancellationToken)
    {
        Dictionary<Guid, byte[]> layouts = await PackedInstance.LayoutsAsync(database, [.. instances.Select(i => i.Id)], cancellationToken);
        foreach (PackedInstance instance in instances)
        {
            if (!listed.TryGetValue(instance.Id, out ManifestInstance? told))
            {
                Add(Problem.ManifestDiffers, $"The manifests do not list instance {instance.Id}.");
            }
            else if (told.SopInstanceUid != instance.SopInstanceUid || told.SopClassUid != instance.SopClassUid
                || told.TransferSyntaxUid != instance.TransferSyntaxUid || told.Offset != instance.Place.Offset
                || told.SealedLength != instance.Place.Length || told.Length != instance.Length || !told.Sha256.AsSpan().SequenceEqual(instance.Sha256))
            {
                Add(Problem.ManifestDiffers, $"Manifest and row differ about instance {instance.Id}.");
            }
            else if (layouts.TryGetValue(instance.Id, out byte[]? layout) && Open(layout, StudySeals.Layout(instance.Id), $"The layout of instance {instance.Id}") is { } opened
                && !opened.AsSpan().SequenceEqual(told.Layout))
            {
                Add(Problem.ManifestDiffers, $"Manifest and row differ about the layout of instance {instance.Id}.");
            }
        }
    }

    private async Task CheckAsync(PackedInstance instance, IObjectReader reader, CancellationToken cancellationToken)
    {
        try
        {
            await instance.CheckAsync(reader, instance.Place, key, cancellationToken);
        }
        catch (Exception e) when (e is SealedDataException or InvalidDataException or ObjectMissingException)
        {
            Add(Problem.InstanceBroken, $"Instance {instance.Id}: {e.Message}");
        }
    }

    private async Task CheckBatchesAsync(List<PackedInstance> instances, CancellationToken cancellationToken)
    {
        foreach (Guid batch in instances.Select(i => i.Batch).Distinct())
        {
            try
            {
                await MetadataReader.ReadAsync(database, key, batch, cancellationToken);
            }
            catch (DataKeyErasedException)
            {
                // Merged meanwhile.
            }
            catch (Exception e) when (e is SealedDataException or InvalidDataException or ZstdSharp.ZstdException)
            {
                Add(Problem.RowBroken, $"Metadata batch {batch}: {e.Message}");
            }
        }
    }

    private byte[]? Open(byte[] content, byte[] associatedData, string what)
    {
        try
        {
            return key.OpenRow(content, associatedData);
        }
        catch (SealedDataException e)
        {
            Add(Problem.RowBroken, $"{what}: {e.Message}");
            return null;
        }
    }

    private void Add(Problem problem, string detail) => findings.Add(FindingOf(row, problem, detail));
}
