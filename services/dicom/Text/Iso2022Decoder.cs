using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>ISO 2022 as PS3.5 §6.1.2.5 narrows it: G0 in the low, G1 in the high half, designated by escape sequences.</summary>
internal static class Iso2022Decoder
{
    private const byte Escape = 0x1B;

    public static string Decode(ReadOnlySpan<byte> bytes, CodeElement initialG0, CodeElement initialG1, bool extended, bool isPersonName)
    {
        var text = new StringBuilder(bytes.Length);
        var (g0, g1) = (initialG0, initialG1);
        for (var i = 0; i < bytes.Length;)
        {
            var b = bytes[i];
            if (b == Escape && extended)
            {
                var length = CodeElements.ReadEscape(bytes[i..], ref g0, ref g1);
                if (length == 0) text.Append('\uFFFD');
                i += Math.Max(1, length);
                continue;
            }

            if (b < 0x21 || (b < 0x80 && !g0.IsDoubleByte()) || b == 0x7F)
            {
                Append(text, g0, b);
                if (IsDelimiter(b, isPersonName)) (g0, g1) = (initialG0, initialG1);
                i++;
                continue;
            }

            i += AppendGraphic(text, bytes[i..], b < 0x80 ? g0 : g1);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, CodeElement g0, byte b) =>
        CodeElements.Append(text, g0.IsDoubleByte() ? CodeElement.Ascii : g0, b, 0);

    /// <summary>Appends a character of one or two bytes and returns how many they were.</summary>
    private static int AppendGraphic(StringBuilder text, ReadOnlySpan<byte> bytes, CodeElement element)
    {
        if (!element.IsDoubleByte())
        {
            CodeElements.Append(text, element, bytes[0], 0);
            return 1;
        }

        // Both bytes of a pair lie in the same half; anything else is a broken pair.
        if (bytes.Length < 2 || ((bytes[0] ^ bytes[1]) & 0x80) != 0 || (bytes[1] & 0x7F) < 0x21)
        {
            text.Append('\uFFFD');
            return 1;
        }

        CodeElements.Append(text, element, bytes[0], bytes[1]);
        return 2;
    }

    private static bool IsDelimiter(byte b, bool isPersonName) =>
        b is (byte)'\\' or 0x09 or 0x0A or 0x0C or 0x0D || (isPersonName && b is (byte)'^' or (byte)'=');
}
