using System.Collections.Concurrent;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>
/// Specific Character Set (0008,0005), PS3.3 §C.12.1.1.2: single-byte sets, ISO 2022 code extensions, UTF-8, GB18030 and
/// GBK. Decoding never fails: bytes that mean nothing become U+FFFD. High bytes without any declared set are read as
/// Latin-1, which is what they mostly are and loses nothing.
/// </summary>
public sealed class DicomCharacterSet
{
    private static readonly ConcurrentDictionary<string, DicomCharacterSet> Cache = new(StringComparer.Ordinal);
    private const int MaxCached = 256;

    private readonly Encoding? _whole;
    private readonly CodeElement _g0;
    private readonly CodeElement _g1;
    private readonly bool _extended;

    private DicomCharacterSet(Encoding whole) => _whole = whole;

    private DicomCharacterSet(CodeElement g0, CodeElement g1, bool extended) => (_g0, _g1, _extended) = (g0, g1, extended);

    /// <summary>ISO IR 6 (ASCII), with high bytes as Latin-1.</summary>
    public static DicomCharacterSet Default { get; } = new(CodeElement.Ascii, CodeElement.Undeclared, extended: false);

    /// <summary>ISO_IR 192.</summary>
    public static DicomCharacterSet Utf8 { get; } = new(new UTF8Encoding(false));

    /// <summary>The set that the values of (0008,0005) declare. Unknown terms and common misspellings are tolerated.</summary>
    public static DicomCharacterSet Of(IReadOnlyList<string> terms)
    {
        if (terms.Count == 0 || (terms.Count == 1 && terms[0].Length == 0)) return Default;
        var key = string.Join('\\', terms);
        if (Cache.TryGetValue(key, out var known)) return known;
        var made = Create(terms);
        if (Cache.Count < MaxCached && key.Length < 256) Cache.TryAdd(key, made);
        return made;
    }

    /// <summary>Decodes a whole value, backslashes included. Code extensions fall back at delimiters (PS3.5 §6.1.2.5.3).</summary>
    public string Decode(ReadOnlySpan<byte> bytes, bool isPersonName)
    {
        if (bytes.IsEmpty) return "";
        if (Ascii.IsValid(bytes) && !bytes.Contains((byte)0x1B) && _g0 != CodeElement.JisRoman) return Encoding.ASCII.GetString(bytes);
        return _whole is not null ? _whole.GetString(bytes) : Iso2022Decoder.Decode(bytes, _g0, _g1, _extended, isPersonName);
    }

    private static DicomCharacterSet Create(IReadOnlyList<string> terms)
    {
        var first = NumberOf(terms[0]);
        if (terms.Count == 1 || first is 192 or GB18030 or Gbk)
        {
            switch (first)
            {
                case 192: return Utf8;
                case GB18030: return new DicomCharacterSet(CodePages.Get(54936));
                case Gbk: return new DicomCharacterSet(CodePages.Get(936));
            }
        }

        var extended = terms.Count > 1 || terms[0].Contains("2022", StringComparison.Ordinal);
        var g1 = CodeElements.SingleByte(first);
        return new DicomCharacterSet(first == 13 ? CodeElement.JisRoman : CodeElement.Ascii, g1, extended);
    }

    private const int GB18030 = 18030;
    private const int Gbk = -2;

    /// <summary>The registration number of "ISO_IR 100", "ISO 2022 IR 100", "ISO-IR-100", …; 0 if there is none.</summary>
    private static int NumberOf(string term)
    {
        var text = term.Trim().ToUpperInvariant();
        if (text.StartsWith("GB18030", StringComparison.Ordinal)) return GB18030;
        if (text.StartsWith("GBK", StringComparison.Ordinal)) return Gbk;
        var start = text.Length;
        while (start > 0 && char.IsAsciiDigit(text[start - 1])) start--;
        return int.TryParse(text.AsSpan(start), out var number) ? number : 0;
    }
}

/// <summary>Code pages beyond .NET's own, with replacement of what cannot be decoded.</summary>
internal static class CodePages
{
    private static readonly EncodingProvider Provider = CodePagesEncodingProvider.Instance;

    public static Encoding Get(int codePage) => (codePage == 28591 ? Encoding.Latin1 : Provider.GetEncoding(codePage, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD")))
        ?? throw new InvalidOperationException($"Code page {codePage} is missing.");
}
