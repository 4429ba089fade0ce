using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>
/// Consecutive instances of an upload that become durable together: stored, duplicate and refused ones. Either all of it is
/// committed or nothing.
/// </summary>
internal sealed class UploadGroup(Guid? upload, Guid owner, Guid author, long first)
{
    private readonly Dictionary<string, PendingInstance> _byUid = new(StringComparer.Ordinal);
    private readonly HashSet<(OpenStudy, string)> _series = [];

    /// <summary>Its upload; null where that is one call, or a rebuild of what lies in the store.</summary>
    public Guid? Upload => upload;

    /// <summary>Owner of all of its studies.</summary>
    public Guid Owner => owner;

    public Guid Author => author;

    /// <summary>Number of its first instance within the upload; of no meaning without one.</summary>
    public long First => first;

    /// <summary>All of its instances' results, in order.</summary>
    public List<InstanceResult> Results { get; } = [];

    /// <summary>Instances whose bytes are in packs.</summary>
    public List<PendingInstance> Pending { get; } = [];

    /// <summary>Their batches: one a study and series.</summary>
    public IReadOnlyList<MetadataBatch> Batches { get; set; } = [];

    /// <summary>The packs that hold them, with the size that each has at the end of the group.</summary>
    public List<(PackWriter Pack, long Size)> Packs { get; } = [];

    /// <summary>Packs that lie in the store already: a rebuild makes their rows.</summary>
    public List<(Guid Id, Guid StudyId, long Size)> Adopted { get; } = [];

    public long Bytes { get; private set; }

    public long MetadataBytes { get; private set; }

    public void Add(PendingInstance instance)
    {
        Pending.Add(instance);
        _byUid.Add(instance.SopInstanceUid, instance);
        Bytes += instance.Length;
        MetadataBytes += instance.Json.Length;
        Results.Add(instance.Result);
    }

    /// <summary>The pending instance of this SOP Instance UID, or null.</summary>
    public PendingInstance? Find(string sopInstanceUid) => _byUid.GetValueOrDefault(sopInstanceUid);

    /// <summary>Whether the next instance of this series is its first in the group.</summary>
    public bool StartsSeries(OpenStudy study, string seriesInstanceUid) => _series.Add((study, seriesInstanceUid));

    /// <summary>How many results have an outcome.</summary>
    public int Count(InstanceResult.Types.Outcome outcome)
    {
        int count = 0;
        foreach (InstanceResult result in Results)
        {
            count += result.Outcome == outcome ? 1 : 0;
        }

        return count;
    }

    /// <summary>Makes one batch of each study and series of the instances.</summary>
    public static List<MetadataBatch> Batch(IEnumerable<PendingInstance> instances)
    {
        List<MetadataBatch> batches = [];
        foreach (IGrouping<(OpenStudy, string), PendingInstance> series in instances.GroupBy(i => (i.Study, i.SeriesInstanceUid)))
        {
            batches.Add(MetadataBatch.Of([.. series]));
        }

        return batches;
    }
}

/// <summary>Outcomes of instances.</summary>
internal static class InstanceResults
{
    /// <summary>The owner has this SOP Instance UID already: the same bytes are a duplicate, others are refused.</summary>
    public static void Repeat(InstanceResult result, ReadOnlySpan<byte> stored, ReadOnlySpan<byte> offered)
    {
        if (stored.SequenceEqual(offered))
        {
            result.Outcome = InstanceResult.Types.Outcome.Duplicate;
        }
        else
        {
            Refuse(result, Reason.InstanceConflict, "Other bytes are stored under this SOP Instance UID; they were kept.");
        }
    }

    public static void Refuse(InstanceResult result, Reason reason, string message)
    {
        result.Warnings.Clear();
        result.Outcome = InstanceResult.Types.Outcome.Refused;
        result.Reason = reason;
        result.Message = message;
    }
}
