namespace MedCloudCare.Studies;

/// <summary>
/// The studies of one owner in columns. Rows are added, never changed: a study that changes gets a new row, and its old one is
/// not listed any more. One writer; <see cref="StudySnapshot"/> is how it is read.
/// </summary>
internal sealed class StudyTable
{
    private readonly ValueColumn[] _columns;
    private Guid[] _ids = [];
    private long[] _moments = [];
    private long[] _sizes = [];
    private long[] _created = [];
    private long[] _updated = [];
    private int[] _series = [];
    private int[] _instances = [];
    private bool[] _plain = [];

    // Rows by id, open addressing: row + 1, or 0.
    private int[] _slots = [];

    public StudyTable()
    {
        _columns = new ValueColumn[StudyFields.Count];
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i] = new ValueColumn(StudyFields.IsFolded((StudyField)i), StudyFields.IsPosted((StudyField)i));
        }
    }

    /// <summary>Rows, those of changed and deleted studies included.</summary>
    public int Rows { get; private set; }

    /// <summary>Bytes held.</summary>
    public long Bytes => _columns.Sum(c => c.Bytes) + (16L * _ids.Length) + (4L * (_slots.Length + _series.Length + _instances.Length)) + _plain.Length
        + (8L * (_moments.Length + _sizes.Length + _created.Length + _updated.Length));

    /// <summary>The latest row of a study, or -1.</summary>
    public int Find(Guid id)
    {
        int mask = _slots.Length - 1;
        for (int slot = id.GetHashCode() & mask; _slots.Length > 0; slot = (slot + 1) & mask)
        {
            int row = _slots[slot] - 1;
            if (row < 0 || _ids[row] == id)
            {
                return row;
            }
        }

        return -1;
    }

    /// <summary>Adds a row.</summary>
    /// <returns>Its number.</returns>
    public int Add(StudyRecord record)
    {
        int row = Rows;
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i].Add(row, record[(StudyField)i]);
        }

        Set(ref _ids, row, record.Id);
        Set(ref _moments, row, record.Moment);
        Set(ref _sizes, row, record.SizeBytes);
        Set(ref _created, row, record.CreateTime.Ticks);
        Set(ref _updated, row, record.UpdateTime.Ticks);
        Set(ref _series, row, record.SeriesCount);
        Set(ref _instances, row, record.InstanceCount);
        Set(ref _plain, row, record.IsPlain);
        Rows++;
        SetSlot(record.Id, row);
        return row;
    }

    /// <summary>Puts the rows into the order of lists, so that a search over all reads memory in order, and gives unused memory back.</summary>
    /// <param name="order">All rows.</param>
    public void Arrange(int[] order)
    {
        foreach (ValueColumn column in _columns)
        {
            column.Permute(order);
            column.Trim(Rows);
        }

        Permute(ref _ids, order);
        Permute(ref _moments, order);
        Permute(ref _sizes, order);
        Permute(ref _created, order);
        Permute(ref _updated, order);
        Permute(ref _series, order);
        Permute(ref _instances, order);
        Permute(ref _plain, order);
        Rehash();
    }

    /// <summary>Newest study date first, then by id.</summary>
    public int CompareNewestFirst(int a, int b)
    {
        int byMoment = _moments[b].CompareTo(_moments[a]);
        return byMoment != 0 ? byMoment : _ids[a].CompareTo(_ids[b]);
    }

    /// <summary>The place of a row among ordered ones: its own, or that of the first one after it.</summary>
    public int PlaceOf(int row, ReadOnlySpan<int> order)
    {
        int low = 0;
        int high = order.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (CompareNewestFirst(order[middle], row) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>What it holds now.</summary>
    /// <param name="owner">Whose studies.</param>
    /// <param name="order">The rows that are listed, newest first.</param>
    public StudySnapshot Snapshot(Guid owner, int[] order) => new(
        owner, order, Rows, Array.ConvertAll(_columns, c => c.View()), _ids, _moments, _sizes, _created, _updated, _series, _instances, _plain);

    private static void Set<T>(ref T[] array, int row, T value)
    {
        ValueColumn.Grow(ref array, row + 1);
        array[row] = value;
    }

    private static void Permute<T>(ref T[] array, int[] order)
    {
        T[] arranged = new T[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            arranged[i] = array[order[i]];
        }

        array = arranged;
    }

    private void SetSlot(Guid id, int row)
    {
        if (Rows * 2L > _slots.Length)
        {
            Rehash();
            return;
        }

        int mask = _slots.Length - 1;
        int slot = id.GetHashCode() & mask;
        while (_slots[slot] != 0 && _ids[_slots[slot] - 1] != id)
        {
            slot = (slot + 1) & mask;
        }

        _slots[slot] = row + 1;
    }

    private void Rehash()
    {
        _slots = new int[Math.Max(16, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Rows * 2))];
        int mask = _slots.Length - 1;
        for (int row = 0; row < Rows; row++)
        {
            int slot = _ids[row].GetHashCode() & mask;
            while (_slots[slot] != 0 && _ids[_slots[slot] - 1] != _ids[row])
            {
                slot = (slot + 1) & mask;
            }

            _slots[slot] = row + 1;
        }
    }
}
