using System.Text;
using System.Text.RegularExpressions;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies.Tests;

/// <summary>A condition of a query, as a client sends it.</summary>
public readonly record struct PlainCondition(string Attribute, string Value);

/// <summary>
/// Matching done naively over the values themselves, by regular expressions and comparisons of texts: what the index must
/// agree with. PS3.4 §C.2.2.2.
/// </summary>
internal static class PlainSearch
{
    /// <summary>Whether a study meets a condition.</summary>
    public static bool Holds(DicomDataset study, PlainCondition condition, bool fuzzy)
    {
        DicomTag tag = DicomTag.Parse(condition.Attribute);
        string query = condition.Value;
        string[] values = [.. study.GetStrings(tag).DefaultIfEmpty("")];
        if (query.Trim('*').Length == 0)
        {
            return true;
        }

        return DicomDictionary.VROf(tag) switch
        {
            DicomVR.DA or DicomVR.TM when !query.Contains('*', StringComparison.Ordinal) => values.Any(v => IsWithin(v, query)),
            DicomVR.UI => query.Split('\\', ',').Any(values.Contains),
            DicomVR.PN => values.Any(v => HoldsName(v, query, fuzzy)),
            DicomVR.CS => query.Split('\\').Any(q => values.Any(v => IsLike(v, q))),
            _ => values.Any(v => IsLike(v, query)),
        };
    }

    /// <summary>Whether a study meets all conditions: a range of dates and one of times are together one of moments.</summary>
    public static bool HoldsAll(DicomDataset study, PlainCondition[] conditions, bool fuzzy)
    {
        string[] dates = EndsOf(conditions, "StudyDate");
        string[] times = EndsOf(conditions, "StudyTime");
        bool isOne = dates.Length == 2 && times.Length == 2 && !(dates[0] == "" && times[0] != "") && !(dates[1] == "" && times[1] != "");
        return conditions.All(c => isOne && c.Attribute == "StudyTime" ? IsWithinMoments(study, dates, times) : Holds(study, c, fuzzy));
    }

    /// <summary>Newest study date first; what has the same is in the order of its id.</summary>
    public static string MomentOf(DicomDataset study) => study.GetString(DicomTags.StudyDate) is { Length: 8 } date
        ? date + (study.GetString(DicomTags.StudyTime) ?? "").PadRight(6, '0')[..6]
        : "";

    /// <summary>Upper case, by code points.</summary>
    public static int CompareTexts(string a, string b) =>
        Runes(a).AsSpan().SequenceCompareTo(Runes(b));

    private static int[] Runes(string text) => [.. text.ToUpperInvariant().EnumerateRunes().Select(r => r.Value)];

    /// <summary>A value stands for its first moment, the end of a range for its last one.</summary>
    private static bool IsWithin(string value, string query)
    {
        string[] ends = IsRange(query) ? query.Split('-') : [query, query];
        return value.Length > 0 && Lies(value, ends[0], ends[1]);
    }

    private static bool IsWithinMoments(DicomDataset study, string[] dates, string[] times) =>
        study.GetString(DicomTags.StudyDate) is { Length: > 0 } date
        && Lies(date + study.GetString(DicomTags.StudyTime), dates[0] + times[0], dates[1] + times[1]);

    private static bool Lies(string value, string first, string last)
    {
        string digits = value.Replace(".", "", StringComparison.Ordinal).PadRight(20, '0');
        string end = last.Length is 2 or 10 ? last + "5960" : last.Length is 4 or 12 ? last + "60" : last;
        return string.CompareOrdinal(digits, first.PadRight(20, '0')) >= 0
            && (last.Length == 0 || string.CompareOrdinal(digits, end.PadRight(20, '9')) <= 0);
    }

    private static string[] EndsOf(PlainCondition[] conditions, string attribute) =>
        conditions.FirstOrDefault(c => c.Attribute == attribute).Value is { } range && IsRange(range) ? range.Split('-') : [];

    private static bool IsRange(string query) => query.Contains('-', StringComparison.Ordinal);

    private static bool HoldsName(string name, string query, bool fuzzy)
    {
        string upper = name.ToUpperInvariant();
        string wanted = query.ToUpperInvariant();
        string[] groups = query.Contains('=', StringComparison.Ordinal) ? [upper] : upper.Split('=');
        return groups.Any(g => IsLike(TrimName(g), TrimName(wanted)) || (fuzzy && HasWords(g, wanted)));
    }

    private static bool HasWords(string group, string wanted)
    {
        char[] separators = [' ', '^', ',', '=', '*', '?'];
        string[] words = group.Split(separators);
        string[] asked = wanted.Split(separators, StringSplitOptions.RemoveEmptyEntries);
        return asked.Length > 0 && asked.All(a => words.Any(w => w.StartsWith(a, StringComparison.Ordinal)));
    }

    private static string TrimName(string group) => group.Trim(' ').TrimEnd('^', ' ', '=');

    /// <summary>A character is one however many units of UTF-16 it takes.</summary>
    private static bool IsLike(string value, string query)
    {
        StringBuilder regex = new("^");
        foreach (char c in query)
        {
            regex.Append(c switch { '*' => ".*", '?' => "(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|.)", _ => Regex.Escape(c.ToString()) });
        }

        return Regex.IsMatch(value, regex.Append("\\z").ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }
}
