using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Attribute matching of PS3.4 §C.2.2.2 as QIDO-RS uses it (PS3.18 §8.3.4): universal, single value, wildcard, range and UID
/// list, by VR; names without regard to case and in each of their component groups; fuzzy names by prefixes of their words.
/// Made once a query, then free of allocation. Thread-safe.
/// </summary>
internal abstract class ValueMatcher
{
    private static readonly ValueMatcher Universal = new UniversalMatcher();

    /// <summary>Compiles the value of a query.</summary>
    /// <exception cref="FormatException">The value is malformed for its VR; the message says why, without the value.</exception>
    public static ValueMatcher Compile(DicomVR vr, string value, bool fuzzy)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length > 1024)
        {
            throw new FormatException("is longer than 1024 characters");
        }

        string trimmed = value.Trim(' ', '\0');
        if (trimmed.Length == 0 || trimmed.AsSpan().IndexOfAnyExcept('*') < 0)
        {
            return Universal;
        }

        return vr switch
        {
            DicomVR.UI => new UidListMatcher(trimmed),
            DicomVR.PN => new NameMatcher(trimmed, fuzzy),
            DicomVR.DA or DicomVR.TM or DicomVR.DT when !HasWildcard(trimmed) => new MomentMatcher(vr, trimmed),
            DicomVR.IS or DicomVR.DS or DicomVR.US or DicomVR.SS or DicomVR.UL or DicomVR.SL or DicomVR.FL or DicomVR.FD or DicomVR.UV
                or DicomVR.SV => new NumberMatcher(trimmed),
            _ => new TextMatcher(trimmed),
        };
    }

    /// <summary>Everything matches.</summary>
    public virtual bool IsUniversal => false;

    /// <summary>What a search over many values can look for first.</summary>
    public virtual ScanHint Hint => default;

    /// <summary>Whether one value matches. Padding is insignificant.</summary>
    public abstract bool MatchesOne(ReadOnlySpan<char> value);

    /// <summary>Whether one of the values of an attribute matches; they are separated by backslashes.</summary>
    public bool Matches(ReadOnlySpan<char> values)
    {
        if (IsUniversal)
        {
            return true;
        }

        int end;
        while ((end = values.IndexOf('\\')) >= 0)
        {
            if (MatchesOne(values[..end].Trim(' ')))
            {
                return true;
            }

            values = values[(end + 1)..];
        }

        return MatchesOne(values.Trim(' '));
    }

    /// <summary>The same of an attribute in UTF-8.</summary>
    public bool MatchesUtf8(ReadOnlySpan<byte> values)
    {
        if (values.Length > 512)
        {
            return Matches(Encoding.UTF8.GetString(values));
        }

        Span<char> chars = stackalloc char[512];
        return Matches(chars[..Encoding.UTF8.GetChars(values, chars)]);
    }

    private static bool HasWildcard(string value) => value.AsSpan().ContainsAny('*', '?');

    private sealed class UniversalMatcher : ValueMatcher
    {
        public override bool IsUniversal => true;

        public override bool MatchesOne(ReadOnlySpan<char> value) => true;
    }

    private sealed class TextMatcher(string pattern) : ValueMatcher
    {
        private readonly bool _isWild = HasWildcard(pattern);

        public override ScanHint Hint { get; } = HasWildcard(pattern) ? ScanHint.OfPattern(pattern, isFolded: false) : new ScanHint { Exact = [pattern] };

        public override bool MatchesOne(ReadOnlySpan<char> value) =>
            _isWild ? Wildcard.Matches(pattern, value) : value.SequenceEqual(pattern);
    }

    private sealed class UidListMatcher(string list) : ValueMatcher
    {
        private readonly string[] _uids = list.Split(['\\', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        public override ScanHint Hint => new() { Exact = _uids };

        public override bool MatchesOne(ReadOnlySpan<char> value)
        {
            foreach (string uid in _uids)
            {
                if (value.SequenceEqual(uid))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed class NumberMatcher : ValueMatcher
    {
        private readonly double _number;

        public NumberMatcher(string value)
        {
            if (!double.TryParse(value, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out _number))
            {
                throw new FormatException("is not a number");
            }
        }

        public override bool MatchesOne(ReadOnlySpan<char> value) =>
            double.TryParse(value, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out double number)
            && number.Equals(_number);
    }
}

/// <summary><c>*</c> for any run of characters and <c>?</c> for one (PS3.4 §C.2.2.2.4), without recursion.</summary>
internal static class Wildcard
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]))
            {
                // A character beyond the basic plane is two units and still one character.
                t += pattern[p] == '?' && char.IsHighSurrogate(text[t]) && t + 1 < text.Length ? 2 : 1;
                p++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }
}
