namespace MedCloudCare.Studies;

/// <summary>
/// The studies of one owner, newest study date first. Readers take a snapshot and search it without a lock; one catch-up at a
/// time replaces it.
/// </summary>
internal sealed class OwnerIndex(Guid owner)
{
    // Rows of changed and deleted studies that are kept before the table is made anew: a fraction of it, so that the work a
    // change costs stays the same however many studies there are.
    private const int KeptRows = 1024;
    private const int KeptFraction = 8;

    // Objects and their headers, apart from the arrays.
    private const int Overhead = 8 << 10;

    private StudyTable _table = new();
    private StudySnapshot _snapshot = new StudyTable().Snapshot(owner, []);

    public Guid Owner => owner;

    /// <summary>One catch-up at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>All changes up to this one are in the snapshot.</summary>
    public long Change { get; private set; }

    /// <summary>When it was last asked for.</summary>
    public long LastUse { get; set; }

    /// <summary>Bytes held, about.</summary>
    public long Bytes { get; private set; } = Overhead;

    public StudySnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>Takes a study in; it is seen after <see cref="Finish"/>. For the first load, of studies that differ.</summary>
    public void Load(StudyRecord record) => _table.Add(record);

    /// <summary>Ends the first load.</summary>
    public void Finish(IReadOnlySet<Guid> removed, long change)
    {
        int[] order = new int[_table.Rows];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        StudyTable table = _table;
        order.AsSpan().Sort(table.CompareNewestFirst);
        table.Arrange(order);
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Publish(order);
        Apply([], removed, change);
    }

    /// <summary>Forgets a load that failed midway.</summary>
    public void Abandon() => _table = new StudyTable();

    /// <summary>Takes in changed studies, each of which replaces the one of its id, and drops those that are gone.</summary>
    public void Apply(IReadOnlyList<StudyRecord> changed, IReadOnlySet<Guid> removed, long change)
    {
        if (changed.Count > 0 || removed.Count > 0)
        {
            HashSet<int> replaced = [];
            List<int> added = new(changed.Count);
            foreach (Guid id in removed)
            {
                replaced.Add(_table.Find(id));
            }

            foreach (StudyRecord record in changed)
            {
                if (!removed.Contains(record.Id))
                {
                    replaced.Add(_table.Find(record.Id));
                    added.Add(_table.Add(record));
                }
            }

            added.Sort(_table.CompareNewestFirst);
            int[] order = Merge(_snapshot.Order, added, replaced);
            if (_table.Rows - order.Length > KeptRows + (order.Length / KeptFraction))
            {
                order = Compact(order);
            }

            Publish(order);
        }

        Change = Math.Max(Change, change);
    }

    /// <summary>Copies what stays in one piece between the places where a row goes or comes: there are few of them.</summary>
    private int[] Merge(int[] old, List<int> added, HashSet<int> replaced)
    {
        List<int> gone = [];
        foreach (int row in replaced)
        {
            int place = row < 0 ? -1 : _table.PlaceOf(row, old);
            if (place >= 0 && place < old.Length && old[place] == row)
            {
                gone.Add(place);
            }
        }

        gone.Sort();
        int[] merged = new int[old.Length - gone.Count + added.Count];
        int from = 0;
        int count = 0;
        int nextGone = 0;
        foreach (int row in added)
        {
            CopyTo(_table.PlaceOf(row, old));
            merged[count++] = row;
        }

        CopyTo(old.Length);
        return merged;

        void CopyTo(int end)
        {
            while (from < end)
            {
                int stop = nextGone < gone.Count ? Math.Min(end, gone[nextGone]) : end;
                old.AsSpan(from, stop - from).CopyTo(merged.AsSpan(count));
                count += stop - from;
                from = stop;
                if (nextGone < gone.Count && gone[nextGone] == from && from < end)
                {
                    from++;
                    nextGone++;
                }
            }
        }
    }

    /// <summary>Makes the table anew, of what is listed only.</summary>
    private int[] Compact(int[] order)
    {
        StudySnapshot listed = _table.Snapshot(owner, order);
        StudyTable table = new();
        foreach (StudyRecord record in listed)
        {
            table.Add(record);
        }

        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        table.Arrange(order);
        _table = table;
        return order;
    }

    private void Publish(int[] order)
    {
        Bytes = Overhead + _table.Bytes + (4L * order.Length);
        Volatile.Write(ref _snapshot, _table.Snapshot(owner, order));
    }
}
