namespace MedCloudCare.Studies;

/// <summary>
/// The studies of one owner, newest study date first. Readers take a snapshot and search it without a lock; one catch-up at a
/// time replaces it.
/// </summary>
internal sealed class OwnerIndex(Guid owner)
{
    /// <summary>Newest study date first, then by id.</summary>
    public static readonly Comparison<StudyRecord> NewestFirst = static (a, b) =>
    {
        int byMoment = b.Moment.CompareTo(a.Moment);
        return byMoment != 0 ? byMoment : a.Id.CompareTo(b.Id);
    };

    private StudyRecord[] _snapshot = [];

    public Guid Owner => owner;

    /// <summary>One catch-up at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>All changes up to this one are in the snapshot.</summary>
    public long Change { get; private set; }

    /// <summary>When it was last asked for.</summary>
    public long LastUse { get; set; }

    public StudyRecord[] Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>Takes in changed studies, each of which replaces the record of its id, and drops those that were deleted.</summary>
    public void Apply(IReadOnlyList<StudyRecord> changed, IReadOnlySet<Guid> deleted, long change)
    {
        if (changed.Count > 0 || deleted.Count > 0)
        {
            StudyRecord[] added = [.. changed.Where(r => !deleted.Contains(r.Id))];
            Array.Sort(added, NewestFirst);
            HashSet<Guid> replaced = [.. added.Select(r => r.Id), .. deleted];
            Volatile.Write(ref _snapshot, Merge(_snapshot, added, replaced));
        }

        Change = Math.Max(Change, change);
    }

    private static StudyRecord[] Merge(StudyRecord[] old, StudyRecord[] added, HashSet<Guid> replaced)
    {
        List<StudyRecord> merged = new(old.Length + added.Length);
        int next = 0;
        foreach (StudyRecord record in old)
        {
            if (replaced.Contains(record.Id))
            {
                continue;
            }

            while (next < added.Length && NewestFirst(added[next], record) < 0)
            {
                merged.Add(added[next++]);
            }

            merged.Add(record);
        }

        merged.AddRange(added.AsSpan(next));
        return [.. merged];
    }
}
