using System.Buffers;

namespace MedCloudCare.Studies;

/// <summary>
/// The conditions of a query decided for each distinct value of their columns; rows are then selected by looking their codes
/// up. To be disposed: the flags are rented.
/// </summary>
internal sealed class MatchedValues : IDisposable
{
    private readonly StudySnapshot _studies;
    private readonly List<Condition> _conditions = [];

    public MatchedValues(StudySnapshot studies, List<FieldMatch> matches)
    {
        _studies = studies;
        foreach (FieldMatch match in matches)
        {
            if (IsNone)
            {
                return;
            }

            ColumnView column = studies.Column(match.Field);
            byte[] flags = ArrayPool<byte>.Shared.Rent(column.Values);
            Array.Clear(flags, 0, column.Values);
            int count = column.Match(match.Matcher, flags);
            _conditions.Add(new Condition(column, flags, count));
            IsNone = count == 0;
        }

        // The one that leaves the fewest rows first, as far as counting values can tell.
        _conditions.Sort(static (a, b) => a.Share.CompareTo(b.Share));
    }

    /// <summary>A condition matches no value at all.</summary>
    public bool IsNone { get; }

    /// <summary>Selects rows, newest first.</summary>
    /// <returns>How many.</returns>
    public int Select(int[] rows)
    {
        ReadOnlySpan<int> from = _studies.Order;
        int next = 0;
        if (_conditions is [var first, ..] && TryFind(first, rows, out int few))
        {
            from = rows.AsSpan(0, few);
            next = 1;
        }

        int count = from.Length;
        if (next == _conditions.Count && next == 0)
        {
            from.CopyTo(rows);
        }

        for (; next < _conditions.Count; next++)
        {
            count = Keep(_conditions[next], from[..count], rows);
            from = rows;
        }

        return count;
    }

    private bool TryFind(Condition condition, int[] rows, out int count)
    {
        Span<byte> flags = condition.Flags.AsSpan(0, condition.Column.Values);
        if (condition is { Count: 1, Column: { Postings: null, Values: > 64 } })
        {
            return _studies.TryFind(condition.Column, flags.IndexOf((byte)1), rows.AsSpan(0, _studies.Count), out count);
        }

        return _studies.TryFind(condition.Column, flags, rows.AsSpan(0, _studies.Count), out count);
    }

    public void Dispose()
    {
        foreach (Condition condition in _conditions)
        {
            ArrayPool<byte>.Shared.Return(condition.Flags);
        }
    }

    /// <summary>Without a branch on the outcome, which nothing could predict.</summary>
    private static int Keep(Condition condition, ReadOnlySpan<int> from, int[] rows)
    {
        ReadOnlySpan<int> codes = condition.Column.Codes;
        ReadOnlySpan<byte> flags = condition.Flags;
        int count = 0;
        foreach (int row in from)
        {
            rows[count] = row;
            count += flags[codes[row]];
        }

        return count;
    }

    private readonly record struct Condition(ColumnView Column, byte[] Flags, int Count)
    {
        public double Share => Count / (double)Column.Values;
    }
}
