namespace MedCloudCare.Studies;

/// <summary>
/// The rows of each code of a column, so that a condition which few values meet need not look at every row. Immutable: rows
/// that are added later are not in it.
/// </summary>
internal sealed class Postings
{
    // Rows of code c: _rows[_starts[c].._starts[c + 1]], ascending.
    private readonly int[] _starts;
    private readonly int[] _rows;

    private Postings(int[] starts, int[] rows) => (_starts, _rows) = (starts, rows);

    /// <summary>Rows covered: all below this one.</summary>
    public int Rows => _rows.Length;

    /// <summary>Bytes held.</summary>
    public long Bytes => 4L * (_starts.Length + _rows.Length);

    /// <param name="codes">The code of each row.</param>
    /// <param name="values">How many codes there are.</param>
    public static Postings Of(int[] codes, int values)
    {
        int[] starts = new int[values + 1];
        foreach (int code in codes)
        {
            starts[code + 1]++;
        }

        for (int i = 1; i < starts.Length; i++)
        {
            starts[i] += starts[i - 1];
        }

        int[] next = starts[..values];
        int[] rows = new int[codes.Length];
        for (int row = 0; row < codes.Length; row++)
        {
            rows[next[codes[row]]++] = row;
        }

        return new Postings(starts, rows);
    }

    /// <summary>Collects the rows of flagged codes.</summary>
    /// <returns>False when they are more than there is room for.</returns>
    public bool TryCollect(ReadOnlySpan<byte> flags, Span<int> into, out int count)
    {
        count = 0;
        int codes = Math.Min(flags.Length, _starts.Length - 1);
        for (int code = 0; ; code++)
        {
            int step = flags[code..codes].IndexOf((byte)1);
            if (step < 0)
            {
                return true;
            }

            code += step;
            ReadOnlySpan<int> rows = _rows.AsSpan(_starts[code].._starts[code + 1]);
            if (!rows.TryCopyTo(into[count..]))
            {
                return false;
            }

            count += rows.Length;
        }
    }
}
