using System.Collections;

namespace MedCloudCare.Studies;

/// <summary>
/// The studies of an owner as they were at one time, newest study date first. Immutable: it shares its arrays with the table
/// that goes on growing behind it. Records are made when they are asked for.
/// </summary>
internal sealed class StudySnapshot(
    Guid owner, int[] order, int rows, ColumnView[] columns, Guid[] ids, long[] moments, long[] sizes, long[] created, long[] updated,
    int[] series, int[] instances, bool[] plain) : IReadOnlyList<StudyRecord>
{
    public int Count => order.Length;

    /// <summary>The rows that are listed, newest first. Not to be written to.</summary>
    public int[] Order => order;

    public StudyRecord this[int index] => Record(order[index]);

    public ColumnView Column(StudyField field) => columns[(int)field];

    public long MomentOf(int row) => moments[row];

    public long CreateTimeOf(int row) => created[row];

    public int SeriesCountOf(int row) => series[row];

    public int InstanceCountOf(int row) => instances[row];

    public Guid IdOf(int row) => ids[row];

    /// <summary>The record of a row.</summary>
    public StudyRecord Record(int row)
    {
        int length = 0;
        foreach (ColumnView column in columns)
        {
            length += column.TextOf(row).Length;
        }

        StudyRecord.TextPacker packer = new(length);
        foreach (ColumnView column in columns)
        {
            packer.Add(column.TextOf(row));
        }

        return new StudyRecord(packer.Text)
        {
            Id = ids[row],
            Owner = owner,
            SeriesCount = series[row],
            InstanceCount = instances[row],
            SizeBytes = sizes[row],
            CreateTime = new DateTime(created[row], DateTimeKind.Utc),
            UpdateTime = new DateTime(updated[row], DateTimeKind.Utc),
            Moment = moments[row],
            IsPlain = plain[row],
        };
    }

    /// <summary>Newest study date first, then by id.</summary>
    public int CompareNewestFirst(int a, int b)
    {
        int byMoment = moments[b].CompareTo(moments[a]);
        return byMoment != 0 ? byMoment : ids[a].CompareTo(ids[b]);
    }

    /// <summary>Listed rows whose codes are flagged, newest first; false where looking at all rows is as good.</summary>
    /// <param name="column">A column.</param>
    /// <param name="flags">A byte a code: 1 or 0.</param>
    /// <param name="found">Takes them; as long as there are rows listed.</param>
    /// <param name="count">How many.</param>
    public bool TryFind(ColumnView column, ReadOnlySpan<byte> flags, Span<int> found, out int count)
    {
        count = 0;
        Span<int> room = found[..(found.Length / 16)];
        if (column.Postings is not { } postings || !postings.TryCollect(flags, room, out count))
        {
            return false;
        }

        ReadOnlySpan<int> codes = column.Codes;
        for (int row = postings.Rows; row < rows; row++)
        {
            if (flags[codes[row]] != 0)
            {
                if (count == room.Length)
                {
                    return false;
                }

                room[count++] = row;
            }
        }

        return KeepListed(room, ref count);
    }

    /// <summary>Listed rows of a code, newest first, by looking through all of them; false where they are many.</summary>
    public bool TryFind(ColumnView column, int code, Span<int> found, out int count)
    {
        count = 0;
        ReadOnlySpan<int> codes = column.Codes[..rows];
        for (int row = codes.IndexOf(code); row >= 0;)
        {
            if (count == Math.Min(found.Length, 1000))
            {
                return false;
            }

            found[count++] = row;
            int next = codes[(row + 1)..].IndexOf(code);
            row = next < 0 ? -1 : row + 1 + next;
        }

        return KeepListed(found, ref count);
    }

    /// <summary>Whether a study of this UID is listed.</summary>
    public bool Holds(ReadOnlySpan<byte> studyInstanceUid)
    {
        ColumnView uids = Column(StudyField.StudyInstanceUid);
        int code = uids.Find(studyInstanceUid);
        Span<int> found = stackalloc int[1000];
        return code >= 0 && TryFind(uids, code, found, out int count) && count > 0;
    }

    public IEnumerator<StudyRecord> GetEnumerator()
    {
        foreach (int row in order)
        {
            yield return Record(row);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Puts rows in order and leaves out those that are not listed any more: they are not at their place.</summary>
    private bool KeepListed(Span<int> found, ref int count)
    {
        int kept = 0;
        foreach (int row in found[..count])
        {
            int place = row < order.Length && order[row] == row ? row : PlaceOf(row);
            found[kept] = place;
            kept += place >= 0 ? 1 : 0;
        }

        count = kept;
        found[..count].Sort();
        foreach (ref int place in found[..count])
        {
            place = order[place];
        }

        return true;
    }

    private int PlaceOf(int row)
    {
        int low = 0;
        int high = order.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int by = CompareNewestFirst(order[middle], row);
            if (by == 0)
            {
                return order[middle] == row ? middle : -1;
            }

            (low, high) = by < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }
}
