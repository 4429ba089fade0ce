using System.Text;

namespace MedCloudCare.Studies;

/// <summary>
/// One field of all studies of an owner: each distinct text once, in UTF-8 and one array, and its number (code) a study. What
/// repeats (dates, modalities, physicians) costs four bytes a study, and a condition is decided once a text, not once a study.
/// One writer; readers use views, which what is added later does not change.
/// </summary>
/// <param name="folds">Keeps the texts in upper case as well.</param>
/// <param name="posts">Keeps the rows of each text as well, once the rows are arranged.</param>
internal sealed class ValueColumn(bool folds, bool posts)
{
    private byte[] _texts = [];
    private int[] _ends = [];
    private byte[] _folded = [];
    private int[] _foldedEnds = [];
    private int[] _codes = [];
    private int[] _irregular = [];
    private int _irregulars;
    private int _values;

    // Rows by code, as they were when the column was arranged; null where all rows are looked at instead.
    private Postings? _postings;

    // Open addressing: code + 1, or 0.
    private int[] _slots = [];

    /// <summary>Bytes held.</summary>
    public long Bytes => _texts.Length + _folded.Length + (4L * (_ends.Length + _foldedEnds.Length + _codes.Length + _irregular.Length + _slots.Length)) + (_postings?.Bytes ?? 0);

    /// <summary>Sets the text of the next row.</summary>
    public void Add(int row, ReadOnlySpan<byte> text)
    {
        int code = Encode(text);
        Grow(ref _codes, row + 1);
        _codes[row] = code;
    }

    /// <summary>Puts rows into another order.</summary>
    public void Permute(int[] order)
    {
        int[] codes = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            codes[i] = _codes[order[i]];
        }

        _codes = codes;
    }

    /// <summary>Gives unused memory back.</summary>
    public void Trim(int rows)
    {
        Array.Resize(ref _texts, _values == 0 ? 0 : _ends[_values - 1]);
        Array.Resize(ref _folded, _values == 0 || !folds ? 0 : _foldedEnds[_values - 1]);
        Array.Resize(ref _ends, _values);
        Array.Resize(ref _foldedEnds, folds ? _values : 0);
        Array.Resize(ref _codes, rows);
        _postings = posts ? Postings.Of(_codes, _values) : null;
    }

    public ColumnView View() => new(_texts, _ends, _folded, _foldedEnds, _codes, _slots, _values, _irregular, _irregulars, _postings);

    /// <summary>A text in upper case: by the same rule as the matching of names.</summary>
    public static byte[] Fold(ReadOnlySpan<byte> text) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text).ToUpperInvariant());

    public static int HashOf(ReadOnlySpan<byte> text)
    {
        HashCode hash = default;
        hash.AddBytes(text);
        return hash.ToHashCode();
    }

    /// <summary>Makes room: twice as much while it is small, little more than needed when it is large.</summary>
    public static void Grow<T>(ref T[] array, int needed)
    {
        if (array.Length < needed)
        {
            long larger = array.Length + Math.Max(16L, array.Length > 1 << 20 ? array.Length / 8 : array.Length);
            Array.Resize(ref array, (int)Math.Min(Math.Max(needed, larger), Array.MaxLength));
        }
    }

    private int Encode(ReadOnlySpan<byte> text)
    {
        // Half full at most: probing stays short.
        if (_values * 2L >= _slots.Length)
        {
            Rehash();
        }

        int mask = _slots.Length - 1;
        int slot = HashOf(text) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            if (TextOf(_slots[slot] - 1).SequenceEqual(text))
            {
                return _slots[slot] - 1;
            }
        }

        int code = _values;
        Append(code, text);
        _values++;
        Volatile.Write(ref _slots[slot], code + 1);
        return code;
    }

    private void Append(int code, ReadOnlySpan<byte> text)
    {
        Append(ref _texts, ref _ends, code, text);
        if (folds)
        {
            Span<byte> upper = stackalloc byte[StudyTexts.MaxBytes];
            Append(ref _folded, ref _foldedEnds, code, Ascii.ToUpper(text, upper, out int length) == System.Buffers.OperationStatus.Done ? upper[..length] : Fold(text));
        }

        // What a value is compared with is trimmed and one of several: these are not found by their whole text.
        if (!text.IsEmpty && (text[0] == ' ' || text[^1] == ' ' || text.Contains((byte)'\\')))
        {
            Grow(ref _irregular, _irregulars + 1);
            _irregular[_irregulars++] = code;
        }
    }

    private static void Append(ref byte[] texts, ref int[] ends, int code, ReadOnlySpan<byte> text)
    {
        int start = code == 0 ? 0 : ends[code - 1];
        if (start > Array.MaxLength - text.Length)
        {
            throw new InsufficientMemoryException("The studies of an owner are too many for the index.");
        }

        Grow(ref texts, start + text.Length);
        Grow(ref ends, code + 1);
        text.CopyTo(texts.AsSpan(start));
        ends[code] = start + text.Length;
    }

    private ReadOnlySpan<byte> TextOf(int code)
    {
        int start = code == 0 ? 0 : _ends[code - 1];
        return _texts.AsSpan(start, _ends[code] - start);
    }

    private void Rehash()
    {
        int[] slots = new int[Math.Max(16, _slots.Length * 2)];
        int mask = slots.Length - 1;
        for (int code = 0; code < _values; code++)
        {
            int slot = HashOf(TextOf(code)) & mask;
            while (slots[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            slots[slot] = code + 1;
        }

        _slots = slots;
    }
}
