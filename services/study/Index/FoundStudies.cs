namespace MedCloudCare.Studies;

/// <summary>
/// What a query finds: rows of the caller's own studies and records of shared ones. Only the pages that are asked for are put
/// in order and made records of.
/// </summary>
internal sealed class FoundStudies
{
    private readonly StudySnapshot _own;
    private readonly List<IndexedStudy> _shared;
    private readonly StudyOrder? _order;
    private readonly byte[][] _sharedKeys;

    // Rows of own studies, and ~place of shared ones; newest first.
    private readonly int[] _entries;

    /// <param name="own">The caller's studies.</param>
    /// <param name="rows">Those found, newest first.</param>
    /// <param name="shared">Shared ones that are found.</param>
    /// <param name="order">Null: newest first.</param>
    public FoundStudies(StudySnapshot own, int[] rows, List<IndexedStudy> shared, StudyOrder? order)
    {
        (_own, _shared, _order) = (own, shared, order);
        _sharedKeys = order?.Text is { } field ? [.. shared.Select(s => ValueColumn.Fold(s.Record[field]))] : [];
        _entries = shared.Count == 0 ? rows : Merge(rows);
    }

    public int Count => _entries.Length;

    /// <summary>Series of all of them.</summary>
    public long SeriesCount => _entries.Sum(e => (long)(e < 0 ? _shared[~e].Record.SeriesCount : _own.SeriesCountOf(e)));

    /// <summary>Instances of all of them.</summary>
    public long InstanceCount => _entries.Sum(e => (long)(e < 0 ? _shared[~e].Record.InstanceCount : _own.InstanceCountOf(e)));

    /// <summary>Some of them, in order.</summary>
    public List<IndexedStudy> Page(int start, int length)
    {
        start = Math.Min(start, Count);
        int end = (int)Math.Min(Count, (long)start + length);
        ReadOnlySpan<int> entries = _order is null ? _entries : First(end);
        List<IndexedStudy> page = new(end - start);
        foreach (int entry in entries[start..end])
        {
            page.Add(entry < 0 ? _shared[~entry] : new IndexedStudy(_own.Record(entry), Study.V1.Access.Owner));
        }

        return page;
    }

    /// <summary>The first entries in order: of few among many only these are sorted.</summary>
    private int[] First(int count)
    {
        if (count > Count / 4)
        {
            int[] all = [.. _entries];
            all.AsSpan().Sort(Compare);
            return all;
        }

        // The last of the entries kept is at the top of the heap and leaves for every one that comes before it.
        PriorityQueue<int, int> kept = new(count + 1, Comparer<int>.Create((a, b) => Compare(b, a)));
        foreach (int entry in _entries)
        {
            if (kept.Count < count)
            {
                kept.Enqueue(entry, entry);
            }
            else if (count > 0 && Compare(entry, kept.Peek()) < 0)
            {
                kept.DequeueEnqueue(entry, entry);
            }
        }

        int[] first = [.. kept.UnorderedItems.Select(i => i.Element)];
        first.AsSpan().Sort(Compare);
        return first;
    }

    private int Compare(int a, int b)
    {
        StudyOrder order = _order!.Value;
        int by = order.By switch
        {
            StudyOrder.Key.StudyDate => MomentOf(a).CompareTo(MomentOf(b)),
            StudyOrder.Key.CreateTime => CreateTimeOf(a).CompareTo(CreateTimeOf(b)),
            _ => KeyOf(a, order).SequenceCompareTo(KeyOf(b, order)),
        };
        return by == 0 ? CompareNewestFirst(a, b) : order.IsDescending ? -by : by;
    }

    private int[] Merge(int[] rows)
    {
        int[] shared = [.. Enumerable.Range(0, _shared.Count).Select(i => ~i)];
        shared.AsSpan().Sort(CompareNewestFirst);
        int[] merged = new int[rows.Length + shared.Length];
        int row = 0;
        int other = 0;
        for (int i = 0; i < merged.Length; i++)
        {
            bool isRow = other == shared.Length || (row < rows.Length && CompareNewestFirst(rows[row], shared[other]) < 0);
            merged[i] = isRow ? rows[row++] : shared[other++];
        }

        return merged;
    }

    private int CompareNewestFirst(int a, int b)
    {
        int byMoment = MomentOf(b).CompareTo(MomentOf(a));
        return byMoment != 0 ? byMoment : IdOf(a).CompareTo(IdOf(b));
    }

    private long MomentOf(int entry) => entry < 0 ? _shared[~entry].Record.Moment : _own.MomentOf(entry);

    private long CreateTimeOf(int entry) => entry < 0 ? _shared[~entry].Record.CreateTime.Ticks : _own.CreateTimeOf(entry);

    private Guid IdOf(int entry) => entry < 0 ? _shared[~entry].Record.Id : _own.IdOf(entry);

    private ReadOnlySpan<byte> KeyOf(int entry, StudyOrder order) => entry < 0 ? _sharedKeys[~entry] : _own.Column(order.Text!.Value).FoldedOf(entry);
}
