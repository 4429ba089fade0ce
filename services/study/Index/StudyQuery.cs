using System.Buffers;
using System.Text;

namespace MedCloudCare.Studies;

/// <summary>A condition on a field of the index.</summary>
internal readonly record struct FieldMatch(StudyField Field, ValueMatcher Matcher);

/// <summary>A condition on a date and the time that belongs to it, as one moment.</summary>
internal readonly record struct MomentMatch(StudyField Date, StudyField Time, ValueMatcher Matcher);

/// <summary>What to find among the studies a caller sees: all conditions hold.</summary>
internal sealed class StudyQuery
{
    public List<FieldMatch> Matches { get; } = [];

    /// <summary>Conditions on two fields at once.</summary>
    public List<MomentMatch> Moments { get; } = [];

    /// <summary>Null: newest study date first.</summary>
    public StudyOrder? Order { get; set; }

    /// <summary>Of studies of one UID only the caller's own, or else the first, is found.</summary>
    public bool OnePerUid { get; set; }

    /// <summary>Finds studies among the caller's own and those shared with them.</summary>
    public FoundStudies Run(StudySnapshot own, IReadOnlyList<IndexedStudy> shared) =>
        new(own, FindOwn(own), shared.Count == 0 ? [] : FindShared(own, shared), Order);

    private int[] FindOwn(StudySnapshot own)
    {
        if (Matches.Count + Moments.Count == 0 || own.Count == 0)
        {
            return own.Order;
        }

        using MatchedValues matched = new(own, Matches);
        if (matched.IsNone)
        {
            return [];
        }

        int[] rows = ArrayPool<int>.Shared.Rent(own.Count);
        try
        {
            int count = matched.Select(rows);
            foreach (MomentMatch match in Moments)
            {
                count = Keep(own, match, rows, count);
            }

            return rows.AsSpan(0, count).ToArray();
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rows);
        }
    }

    private static int Keep(StudySnapshot own, MomentMatch match, int[] rows, int count)
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            int row = rows[i];
            if (Holds(match, own.Column(match.Date).TextOf(row), own.Column(match.Time).TextOf(row)))
            {
                rows[kept++] = row;
            }
        }

        return kept;
    }

    private static bool Holds(MomentMatch match, ReadOnlySpan<byte> date, ReadOnlySpan<byte> time) =>
        match.Matcher.Matches(DateTimeRange.Join(Encoding.UTF8.GetString(date), Encoding.UTF8.GetString(time)));

    private bool Holds(StudyRecord record)
    {
        foreach (FieldMatch match in Matches)
        {
            if (!record.Matches(match.Field, match.Matcher))
            {
                return false;
            }
        }

        return Moments.TrueForAll(m => Holds(m, record[m.Date], record[m.Time]));
    }

    private List<IndexedStudy> FindShared(StudySnapshot own, IReadOnlyList<IndexedStudy> shared)
    {
        // Not those that match: an own study hides a shared one of its UID also where the two differ in what is asked for.
        HashSet<string> uids = new(StringComparer.Ordinal);
        List<IndexedStudy> found = [];
        foreach (IndexedStudy study in shared.OrderBy(s => s.Record.Id))
        {
            if (Holds(study.Record) && !(OnePerUid
                && (own.Holds(study.Record[StudyField.StudyInstanceUid]) || !uids.Add(study.Record.Text(StudyField.StudyInstanceUid)))))
            {
                found.Add(study);
            }
        }

        return found;
    }
}
