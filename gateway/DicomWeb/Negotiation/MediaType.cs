using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace MedCloudCare.Gateway.DicomWeb.Negotiation;

/// <summary>
/// A media type, or a media range of an Accept header, with its parameters (RFC 9110 §8.3.1, §12.5.1). One descriptor for
/// Content-Type, Accept and the <c>accept</c> query parameter of PS3.18 §8.3.3.1. Names and types are lower case.
/// </summary>
internal sealed class MediaType
{
    /// <summary>More ranges than this in one Accept are refused.</summary>
    public const int MaxRanges = 64;

    private const int MaxParameters = 16;
    private static readonly FrozenDictionary<string, string> None = FrozenDictionary<string, string>.Empty;

    private MediaType(string type, string subtype, IReadOnlyDictionary<string, string> parameters, double quality) =>
        (Type, Subtype, Parameters, Quality) = (type, subtype, parameters, quality);

    public static MediaType Any { get; } = new("*", "*", None, 1);

    public string Type { get; }

    public string Subtype { get; }

    public string Essence => $"{Type}/{Subtype}";

    public IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>The weight <c>q</c>, 0 (not acceptable) to 1.</summary>
    public double Quality { get; }

    public bool IsMultipartRelated => this is { Type: "multipart", Subtype: "related" };

    /// <summary>The <c>type</c> parameter of multipart/related: the media type of its parts, lower case.</summary>
    public string? PartType => Parameters.GetValueOrDefault("type")?.ToLowerInvariant();

    /// <summary>The <c>transfer-syntax</c> parameter of PS3.18 §8.7.3: a UID or <c>*</c>.</summary>
    public string? TransferSyntax => Parameters.GetValueOrDefault("transfer-syntax");

    public string? Boundary => Parameters.GetValueOrDefault("boundary");

    /// <summary>Parses one media type. Parameter values may be quoted or not, even where they hold a slash, as many clients send them.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MediaType mediaType)
    {
        var reader = new Reader(text);
        return TryParseOne(ref reader, out mediaType) && reader.AtEnd;
    }

    /// <summary>Parses the comma-separated list of an Accept header. Empty elements are skipped, as RFC 9110 §5.6.1 asks.</summary>
    /// <returns>Whether the list is well formed and has at most <see cref="MaxRanges"/> elements.</returns>
    public static bool TryParseList(ReadOnlySpan<char> text, ICollection<MediaType> ranges)
    {
        var reader = new Reader(text);
        while (true)
        {
            while (reader.TrySkip(',')) { }
            if (reader.AtEnd) return true;
            if (ranges.Count == MaxRanges || !TryParseOne(ref reader, out var range)) return false;
            ranges.Add(range);
            if (!reader.AtEnd && !reader.Peek(',')) return false;
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder(Essence);
        foreach (var (name, value) in Parameters) text.Append(CultureInfo.InvariantCulture, $"; {name}=\"{value}\"");
        return text.ToString();
    }

    private static bool TryParseOne(ref Reader reader, out MediaType mediaType)
    {
        mediaType = Any;
        if (!reader.TryToken(allowSlash: false, out var type) || !reader.TrySkip('/') || !reader.TryToken(allowSlash: false, out var subtype)) return false;
        if (type is "*" && subtype is not "*") return false;
        Dictionary<string, string>? parameters = null;
        var quality = 1.0;
        while (reader.TrySkip(';'))
        {
            if (reader.AtEnd || reader.Peek(';') || reader.Peek(',')) continue;
            if (!reader.TryToken(allowSlash: false, out var name) || !reader.TrySkip('=') || !reader.TryValue(out var value)) return false;
            if (name.Equals("q", StringComparison.OrdinalIgnoreCase))
            {
                if (!TryQuality(value, out quality)) return false;
                continue;
            }

            parameters ??= new(StringComparer.OrdinalIgnoreCase);
            if (parameters.Count == MaxParameters || !parameters.TryAdd(name, value)) return false;
        }

        mediaType = new MediaType(
            type.ToLowerInvariant(), subtype.ToLowerInvariant(), (IReadOnlyDictionary<string, string>?)parameters ?? None, quality);
        return true;
    }

    private static bool TryQuality(string text, out double quality) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out quality) && text.Length <= 5 && quality is >= 0 and <= 1;

    private ref struct Reader(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text.Trim(" \t");

        public readonly bool AtEnd => _rest.IsEmpty;

        public readonly bool Peek(char expected) => !_rest.IsEmpty && _rest[0] == expected;

        public bool TrySkip(char expected)
        {
            if (!Peek(expected)) return false;
            _rest = _rest[1..].TrimStart(" \t");
            return true;
        }

        public bool TryToken(bool allowSlash, out string token)
        {
            var length = 0;
            while (length < _rest.Length && (IsTokenCharacter(_rest[length]) || (allowSlash && _rest[length] == '/'))) length++;
            token = _rest[..length].ToString();
            _rest = _rest[length..].TrimStart(" \t");
            return length > 0;
        }

        public bool TryValue(out string value) => Peek('"') ? TryQuoted(out value) : TryToken(allowSlash: true, out value);

        private bool TryQuoted(out string value)
        {
            var text = new StringBuilder();
            for (var i = 1; i < _rest.Length; i++)
            {
                var c = _rest[i];
                if (c == '"')
                {
                    value = text.ToString();
                    _rest = _rest[(i + 1)..].TrimStart(" \t");
                    return true;
                }

                if (c == '\\' && ++i < _rest.Length) c = _rest[i];
                if (c is < ' ' or '\x7F') break;
                text.Append(c);
            }

            value = "";
            return false;
        }

        private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);
    }
}
