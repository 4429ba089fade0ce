namespace MedCloudCare.Studies;

/// <summary>A condition on a field of the index.</summary>
internal readonly record struct FieldMatch(StudyField Field, ValueMatcher Matcher);

/// <summary>What to find among the studies a caller sees: all conditions hold.</summary>
internal sealed class StudyQuery
{
    public List<FieldMatch> Matches { get; } = [];

    /// <summary>Null: newest study date first.</summary>
    public Comparison<StudyRecord>? Order { get; set; }

    /// <summary>Of studies of one UID only the caller's own, or else the first, is found.</summary>
    public bool OnePerUid { get; set; }

    /// <summary>Finds studies among the caller's own (newest first) and those shared with them.</summary>
    public List<IndexedStudy> Run(StudyRecord[] own, IReadOnlyList<IndexedStudy> shared)
    {
        List<IndexedStudy> found = [];
        foreach (StudyRecord record in own)
        {
            if (Holds(record))
            {
                found.Add(new IndexedStudy(record, Study.V1.Access.Owner));
            }
        }

        if (shared.Count > 0)
        {
            AddShared(found, own, shared);
        }

        if (Order is not null || shared.Count > 0)
        {
            Comparison<StudyRecord> order = Order ?? OwnerIndex.NewestFirst;
            found.Sort((a, b) =>
            {
                int by = order(a.Record, b.Record);
                return by != 0 ? by : OwnerIndex.NewestFirst(a.Record, b.Record);
            });
        }

        return found;
    }

    public bool Holds(StudyRecord record)
    {
        foreach (FieldMatch match in Matches)
        {
            if (!record.Matches(match.Field, match.Matcher))
            {
                return false;
            }
        }

        return true;
    }

    private void AddShared(List<IndexedStudy> found, StudyRecord[] own, IReadOnlyList<IndexedStudy> shared)
    {
        // Not those that match: an own study hides a shared one of its UID also where the two differ in what is asked for.
        HashSet<string>? uids = OnePerUid ? [.. own.Select(r => r.Text(StudyField.StudyInstanceUid))] : null;
        foreach (IndexedStudy study in shared.OrderBy(s => s.Record.Id))
        {
            if (Holds(study.Record) && (uids is null || uids.Add(study.Record.Text(StudyField.StudyInstanceUid))))
            {
                found.Add(study);
            }
        }
    }
}
