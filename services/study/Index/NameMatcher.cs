using System.Buffers;

namespace MedCloudCare.Studies;

/// <summary>
/// Matching of person names (PN): case does not matter, trailing empty components do not matter, and a query without
/// <c>=</c> may match any component group (alphabetic, ideographic, phonetic). Fuzzy: every word of the query is the beginning
/// of a word of one group, whatever their order; a literal match counts as well.
/// </summary>
internal sealed class NameMatcher : ValueMatcher
{
    private static readonly SearchValues<char> Separators = SearchValues.Create(" ^,=*?");

    private readonly string _pattern;
    private readonly bool _isWild;
    private readonly bool _hasGroups;
    private readonly string[] _words;

    public NameMatcher(string value, bool fuzzy)
    {
        _hasGroups = value.Contains('=', StringComparison.Ordinal);
        _isWild = value.AsSpan().ContainsAny('*', '?');
        _pattern = Trim(value.ToUpperInvariant()).ToString();
        _words = fuzzy ? value.ToUpperInvariant().Split([' ', '^', ',', '=', '*', '?'], StringSplitOptions.RemoveEmptyEntries) : [];
    }

    public override ScanHint Hint => _words.Length == 0
        ? ScanHint.OfPattern(_pattern, isFolded: true) is var hint && _hasGroups ? hint with { Suffices = false } : hint
        : ScanHint.OfWords(_words);

    public override bool MatchesOne(ReadOnlySpan<char> value)
    {
        char[]? rented = value.Length > 256 ? ArrayPool<char>.Shared.Rent(value.Length) : null;
        Span<char> upper = rented is null ? stackalloc char[256] : rented;
        upper = upper[..value.ToUpperInvariant(upper)];
        bool matches = MatchesUpper(upper);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented, clearArray: true);
        }

        return matches;
    }

    private bool MatchesUpper(ReadOnlySpan<char> value)
    {
        if (_hasGroups)
        {
            return MatchesGroup(Trim(value)) || (_words.Length > 0 && MatchesWords(value));
        }

        while (true)
        {
            int end = value.IndexOf('=');
            ReadOnlySpan<char> group = end < 0 ? value : value[..end];
            if (MatchesGroup(Trim(group)) || (_words.Length > 0 && MatchesWords(group)))
            {
                return true;
            }

            if (end < 0)
            {
                return false;
            }

            value = value[(end + 1)..];
        }
    }

    private bool MatchesGroup(ReadOnlySpan<char> group) =>
        _isWild ? Wildcard.Matches(_pattern, group) : group.SequenceEqual(_pattern);

    private bool MatchesWords(ReadOnlySpan<char> text)
    {
        foreach (string word in _words)
        {
            if (!HasWord(text, word))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasWord(ReadOnlySpan<char> text, ReadOnlySpan<char> prefix)
    {
        while (!text.IsEmpty)
        {
            int end = text.IndexOfAny(Separators);
            if ((end < 0 ? text : text[..end]).StartsWith(prefix))
            {
                return true;
            }

            text = end < 0 ? default : text[(end + 1)..];
        }

        return false;
    }

    private static ReadOnlySpan<char> Trim(ReadOnlySpan<char> group) => group.Trim(' ').TrimEnd("^ =");
}
