using System.Text;

namespace MedCloudCare.Studies;

/// <summary>A column as it was at one time. Immutable.</summary>
internal sealed class ColumnView(
    byte[] texts, int[] ends, byte[] folded, int[] foldedEnds, int[] codes, int[] slots, int values, int[] irregular, int irregulars,
    Postings? postings)
{
    /// <summary>Distinct texts.</summary>
    public int Values => values;

    /// <summary>Rows by code of all rows but the latest; null where they are not kept.</summary>
    public Postings? Postings => postings;

    /// <summary>The code of each row, and what was added after this view.</summary>
    public ReadOnlySpan<int> Codes => codes;

    public ReadOnlySpan<byte> TextOf(int row) => Value(codes[row]);

    /// <summary>The text of a row in upper case, where the column keeps it.</summary>
    public ReadOnlySpan<byte> FoldedOf(int row) => Slice(folded, foldedEnds, codes[row]);

    /// <summary>Whether there is, or was, a row of this text.</summary>
    public int Find(ReadOnlySpan<byte> text)
    {
        if (slots.Length == 0)
        {
            return -1;
        }

        int mask = slots.Length - 1;
        for (int slot = ValueColumn.HashOf(text) & mask; ; slot = (slot + 1) & mask)
        {
            int code = Volatile.Read(ref slots[slot]) - 1;
            if (code < 0 || (code < values && Value(code).SequenceEqual(text)))
            {
                return code;
            }
        }
    }

    /// <summary>Flags the codes of texts that match.</summary>
    /// <param name="matcher">A condition.</param>
    /// <param name="flags">A zero a code; those that match become 1.</param>
    /// <returns>How many match.</returns>
    public int Match(ValueMatcher matcher, Span<byte> flags) => matcher.Hint switch
    {
        { Exact: { } exact } => MatchExact(matcher, exact, flags),
        { Literal: { } literal, IsFolded: true } hint when foldedEnds.Length > 0 => MatchLiteral(matcher, hint, Encoding.UTF8.GetBytes(literal), folded, foldedEnds, flags),
        { Literal: { } literal, IsFolded: false } hint => MatchLiteral(matcher, hint, Encoding.UTF8.GetBytes(literal), texts, ends, flags),
        _ => MatchEach(matcher, flags),
    };

    private int MatchExact(ValueMatcher matcher, IReadOnlyList<string> exact, Span<byte> flags)
    {
        int count = 0;
        foreach (string text in exact)
        {
            int code = Find(Encoding.UTF8.GetBytes(text));
            count += code >= 0 ? Decide(matcher, code, flags) : 0;
        }

        foreach (int code in irregular.AsSpan(0, irregulars))
        {
            count += Decide(matcher, code, flags);
        }

        return count;
    }

    /// <summary>Looks for what every match contains in all texts at once: the search is vectorised, the texts lie side by side.</summary>
    private int MatchLiteral(ValueMatcher matcher, ScanHint hint, byte[] literal, byte[] all, int[] allEnds, Span<byte> flags)
    {
        int end = values == 0 ? 0 : allEnds[values - 1];
        int count = 0;
        int code = 0;
        for (int at = 0; at < end; at = allEnds[code++])
        {
            int hit = all.AsSpan(at, end - at).IndexOf(literal);
            if (hit < 0)
            {
                break;
            }

            code = Holder(allEnds, code, at + hit);
            bool isWhole = at + hit + literal.Length <= allEnds[code];
            if (isWhole && hint.Suffices)
            {
                count += 1 - flags[code];
                flags[code] = 1;
            }
            else if (isWhole)
            {
                count += Decide(matcher, code, flags);
            }
        }

        return count;
    }

    private int MatchEach(ValueMatcher matcher, Span<byte> flags)
    {
        int count = 0;
        for (int code = 0; code < values; code++)
        {
            count += Decide(matcher, code, flags);
        }

        return count;
    }

    private int Decide(ValueMatcher matcher, int code, Span<byte> flags)
    {
        if (flags[code] != 0 || !matcher.MatchesUtf8(Value(code)))
        {
            return 0;
        }

        flags[code] = 1;
        return 1;
    }

    /// <summary>The code whose text holds a place, at or after a code: near ones are found in few steps.</summary>
    private int Holder(int[] allEnds, int from, int place)
    {
        int step = 1;
        int low = from;
        while (low + step < values && allEnds[low + step - 1] <= place)
        {
            low += step;
            step *= 2;
        }

        int high = Math.Min(values - 1, low + step);
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (allEnds[middle] <= place)
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

    private ReadOnlySpan<byte> Value(int code) => Slice(texts, ends, code);

    private static ReadOnlySpan<byte> Slice(byte[] all, int[] allEnds, int code)
    {
        int start = code == 0 ? 0 : allEnds[code - 1];
        return all.AsSpan(start, allEnds[code] - start);
    }
}
