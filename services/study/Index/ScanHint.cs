using System.Buffers;

namespace MedCloudCare.Studies;

/// <summary>
/// What is known of all values that match a condition: a search over many values looks for that first and asks the matcher
/// about the few that are left.
/// </summary>
internal readonly record struct ScanHint
{
    // Padding and dividers of values and groups: a text without them lies within one value of one group, and is not trimmed.
    private static readonly SearchValues<char> Dividers = SearchValues.Create(" ^=\\\0");

    /// <summary>Every value that matches holds this text. Null: nothing is known.</summary>
    public string? Literal { get; init; }

    /// <summary>It is in upper case, and so must the values be.</summary>
    public bool IsFolded { get; init; }

    /// <summary>And every value that holds it matches.</summary>
    public bool Suffices { get; init; }

    /// <summary>Only these texts match, and values that are padded or of several texts may.</summary>
    public IReadOnlyList<string>? Exact { get; init; }

    /// <summary>The longest piece of a pattern without wildcards.</summary>
    public static ScanHint OfPattern(string pattern, bool isFolded)
    {
        string literal = pattern.Split('*', '?').MaxBy(p => p.Length) ?? "";
        return IsSearchable(literal)
            ? new ScanHint { Literal = literal, IsFolded = isFolded, Suffices = pattern == $"*{literal}*" && !literal.AsSpan().ContainsAny(Dividers) }
            : default;
    }

    /// <summary>The longest of the words of a name, in upper case, all of which it holds.</summary>
    public static ScanHint OfWords(string[] words) =>
        words.MaxBy(w => w.Length) is { } word && IsSearchable(word) ? new ScanHint { Literal = word, IsFolded = true } : default;

    /// <summary>Halves of surrogate pairs are not the same in UTF-8.</summary>
    private static bool IsSearchable(string literal) => literal.Length > 0 && !literal.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
}
