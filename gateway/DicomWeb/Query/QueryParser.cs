using System.Globalization;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Query;

/// <summary>The query parameters of QIDO-RS (PS3.18 §8.3.4, §10.6.1.2) as study's search takes them.</summary>
internal static class QueryParser
{
    public const int MaxLimit = 10_000;
    private const int MaxAttributes = 100;
    private const int MaxValueLength = 16 * 1024;
    private const int MaxPathDepth = 8;

    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID: an unknown attribute or a malformed value; the field is the parameter's name.</exception>
    public static SearchRequest Parse(IQueryCollection query, SearchRequest.Types.Level level, string? study, string? series)
    {
        var request = new SearchRequest { Level = level, StudyInstanceUid = study ?? "", SeriesInstanceUid = series ?? "" };
        foreach (var (name, values) in query)
        {
            switch (name)
            {
                case "limit":
                    // 0 stands for the service's default, so a page of nothing cannot be asked for.
                    request.Limit = Math.Min(ParseNumber(name, Single(name, values), 1), MaxLimit);
                    break;
                case "offset":
                    request.Offset = ParseNumber(name, Single(name, values), 0);
                    break;
                case "fuzzymatching":
                    request.FuzzyMatching = ParseFlag(name, Single(name, values));
                    break;
                case "includefield":
                    AddFields(request, values);
                    break;
                case "accept":
                    break;
                default:
                    AddMatch(request, name, values);
                    break;
            }
        }

        if (request.Matches.Count + request.IncludeFields.Count > MaxAttributes) throw MeshErrors.Limit("attributes of one query", MaxAttributes);
        return request;
    }

    private static void AddFields(SearchRequest request, IEnumerable<string?> values)
    {
        foreach (var field in values.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (field.Equals("all", StringComparison.OrdinalIgnoreCase)) request.IncludeAll = true;
            else if (!IsAttribute(field)) throw MeshErrors.Invalid("includefield", $"{Shown(field)} is neither a keyword nor a tag");
            else if (!request.IncludeFields.Contains(field)) request.IncludeFields.Add(field);
        }
    }

    private static void AddMatch(SearchRequest request, string name, IReadOnlyList<string?> values)
    {
        if (!IsAttribute(name)) throw MeshErrors.Invalid(Shown(name), "neither a parameter of QIDO-RS, nor a keyword, nor a tag");
        var given = values.Where(v => !string.IsNullOrEmpty(v)).Cast<string>().ToList();
        if (given.Any(v => v.Length > MaxValueLength)) throw MeshErrors.Limit("length of a value", MaxValueLength);
        if (given.Count == 0)
        {
            // Universal matching (PS3.4 §C.2.2.2.3): every object matches, and the attribute is returned.
            request.IncludeFields.Add(name);
            return;
        }

        // A UID given several times is a list (PS3.18 §8.3.4.1); any other attribute must match all that is given.
        if (given.Count > 1 && DicomDictionary.VROf(DicomTag.Parse(name.AsSpan(name.LastIndexOf('.') + 1))) == DicomVR.UI) given = [string.Join('\\', given)];
        foreach (var value in given) request.Matches.Add(new SearchRequest.Types.Match { Attribute = name, Value = value });
    }

    private static bool IsAttribute(string path)
    {
        var depth = 0;
        foreach (var part in path.AsSpan().Split('.'))
        {
            var name = path.AsSpan(part);
            // Tags in URLs are digits or keywords, not the forms with comma and parentheses that the parser knows too.
            if (++depth > MaxPathDepth || name.ContainsAny("(),") || !DicomTag.TryParse(name, out _)) return false;
        }

        return true;
    }

    private static string Single(string name, IReadOnlyList<string?> values) =>
        values is [{ } value] ? value : throw MeshErrors.Invalid(name, "given more than once");

    private static int ParseNumber(string name, string text, int minimum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum
            ? number
            : throw MeshErrors.Invalid(name, $"not a number from {minimum}");

    private static bool ParseFlag(string name, string text) =>
        bool.TryParse(text, out var flag) ? flag : throw MeshErrors.Invalid(name, "neither true nor false");

    /// <summary>A name of the client's, short enough to stand in a message.</summary>
    private static string Shown(string name) => name.Length <= 64 ? name : name[..64];
}
