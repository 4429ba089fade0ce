using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>What G0 or G1 of ISO 2022 may hold (PS3.3 tables C.12-2 to C.12-4).</summary>
internal enum CodeElement : byte
{
    Ascii, JisRoman, Undeclared, Katakana, Latin1, Latin2, Latin3, Latin4, Cyrillic, Arabic, Greek, Hebrew, Latin5, Latin9, Thai,
    Kanji, SupplementaryKanji, Korean, SimplifiedChinese,
}

internal static class CodeElements
{
    private static readonly Lazy<Encoding?[]> Encodings = new(() =>
    {
        var table = new Encoding?[Enum.GetValues<CodeElement>().Length];
        (CodeElement, int)[] pages =
        [
            (CodeElement.Undeclared, 28591), (CodeElement.Latin1, 28591), (CodeElement.Latin2, 28592), (CodeElement.Latin3, 28593),
            (CodeElement.Latin4, 28594), (CodeElement.Cyrillic, 28595), (CodeElement.Arabic, 28596), (CodeElement.Greek, 28597),
            (CodeElement.Hebrew, 28598), (CodeElement.Latin5, 28599), (CodeElement.Latin9, 28605), (CodeElement.Thai, 874),
            (CodeElement.Kanji, 51932), (CodeElement.SupplementaryKanji, 20932), (CodeElement.Korean, 51949),
            (CodeElement.SimplifiedChinese, 936),
        ];
        foreach (var (element, page) in pages) table[(int)element] = CodePages.Get(page);
        return table;
    });

    /// <summary>G1 of a single-byte set by its ISO registration number.</summary>
    public static CodeElement SingleByte(int registration) => registration switch
    {
        13 => CodeElement.Katakana,
        100 => CodeElement.Latin1,
        101 => CodeElement.Latin2,
        109 => CodeElement.Latin3,
        110 => CodeElement.Latin4,
        144 => CodeElement.Cyrillic,
        127 => CodeElement.Arabic,
        126 => CodeElement.Greek,
        138 => CodeElement.Hebrew,
        148 => CodeElement.Latin5,
        203 => CodeElement.Latin9,
        166 => CodeElement.Thai,
        149 => CodeElement.Korean,
        58 => CodeElement.SimplifiedChinese,
        _ => CodeElement.Undeclared,
    };

    public static bool IsDoubleByte(this CodeElement element) => element >= CodeElement.Kanji;

    /// <summary>Reads the escape sequence at the start of the bytes; its length, or 0 if it is none of the standard's.</summary>
    public static int ReadEscape(ReadOnlySpan<byte> bytes, ref CodeElement g0, ref CodeElement g1)
    {
        if (bytes.Length < 3) return 0;
        var (first, second) = (bytes[1], bytes[2]);
        switch (first)
        {
            case (byte)'(' when second == 'B': g0 = CodeElement.Ascii; return 3;
            case (byte)'(' when second == 'J': g0 = CodeElement.JisRoman; return 3;
            case (byte)')' when second == 'I': g1 = CodeElement.Katakana; return 3;
            case (byte)'-' when Designated(second) is { } single: g1 = single; return 3;
            case (byte)'$' when second is (byte)'B' or (byte)'@': g0 = CodeElement.Kanji; return 3;
            case (byte)'$' when bytes.Length > 3 && second == '(' && bytes[3] == 'D': g0 = CodeElement.SupplementaryKanji; return 4;
            case (byte)'$' when bytes.Length > 3 && second == ')' && bytes[3] == 'C': g1 = CodeElement.Korean; return 4;
            case (byte)'$' when bytes.Length > 3 && second == ')' && bytes[3] == 'A': g1 = CodeElement.SimplifiedChinese; return 4;
            default: return 0;
        }
    }

    /// <summary>Appends the character of one or two bytes as they stand in G0 or G1.</summary>
    public static void Append(StringBuilder text, CodeElement element, byte first, byte second)
    {
        Span<byte> bytes = stackalloc byte[2];
        var length = 1;
        bytes[0] = first;
        switch (element)
        {
            case CodeElement.Ascii: text.Append(first < 0x80 ? (char)first : '\uFFFD'); return;
            case CodeElement.JisRoman: text.Append(first == 0x7E ? '\u203E' : (char)first); return;
            case CodeElement.Katakana: text.Append(first is >= 0xA1 and <= 0xDF ? (char)(0xFF61 + first - 0xA1) : '\uFFFD'); return;
            case CodeElement.SupplementaryKanji:
                // Code page 20932 keeps JIS X 0212 as a pair whose second byte has no high bit.
                (bytes[0], bytes[1], length) = ((byte)(first | 0x80), (byte)(second & 0x7F), 2);
                break;
            case >= CodeElement.Kanji:
                (bytes[0], bytes[1], length) = ((byte)(first | 0x80), (byte)(second | 0x80), 2);
                break;
        }

        Span<char> chars = stackalloc char[4];
        var written = Encodings.Value[(int)element]!.GetChars(bytes[..length], chars);
        text.Append(chars[..written]);
    }

    private static CodeElement? Designated(byte final) => (char)final switch
    {
        'A' => CodeElement.Latin1,
        'B' => CodeElement.Latin2,
        'C' => CodeElement.Latin3,
        'D' => CodeElement.Latin4,
        'F' => CodeElement.Greek,
        'G' => CodeElement.Arabic,
        'H' => CodeElement.Hebrew,
        'L' => CodeElement.Cyrillic,
        'M' => CodeElement.Latin5,
        'T' => CodeElement.Thai,
        'b' => CodeElement.Latin9,
        _ => null,
    };
}
