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

    /// <summary>The rows of a code of a column, newest first, or null where they are too many to be sorted cheaply.</summary>
    public List<int>? RowsOf(ColumnView column, int code)
    {
        List<int> places = [];
        ReadOnlySpan<int> codes = column.Codes[..rows];
        for (int row = codes.IndexOf(code); row >= 0;)
        {
            // A row that is not listed any more is not at its place.
            int place = PlaceOf(row);
            if (place >= 0)
            {
                places.Add(place);
            }

            int next = codes[(row + 1)..].IndexOf(code);
            row = next < 0 ? -1 : row + 1 + next;
            if (places.Count > 1000)
            {
                return null;
            }
        }

        places.Sort();
        return places.ConvertAll(p => order[p]);
    }

    /// <summary>Whether a study of this UID is listed.</summary>
    public bool Holds(ReadOnlySpan<byte> studyInstanceUid)
    {
        ColumnView uids = Column(StudyField.StudyInstanceUid);
        int code = uids.Find(studyInstanceUid);
        return code >= 0 && RowsOf(uids, code) is { Count: > 0 };
    }

    public IEnumerator<StudyRecord> GetEnumerator()
    {
        foreach (int row in order)
        {
            yield return Record(row);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

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
