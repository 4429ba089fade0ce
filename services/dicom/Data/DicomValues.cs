using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>Between stored bytes and the values they mean.</summary>
internal static class DicomValues
{
    public static IReadOnlyList<string> ToStrings(DicomElement element)
    {
        if (element.Value.IsEmpty) return [];
        if (element.VR.IsSingleText()) return [element.Text];
        if (element.VR.IsText()) return Split(element.Text, element.VR);
        if (element.VR == DicomVR.AT) return ToTags(element.Value.Span);
        if (element.VR is DicomVR.UV or DicomVR.SV) return ToIntegers(element);
        return element.VR.IsBulk() || element.VR.UnitSize() == 1
            ? []
            : [.. ToNumbers(element).Select(x => x.ToString("R", CultureInfo.InvariantCulture))];
    }

    public static IReadOnlyList<double> ToNumbers(DicomElement element)
    {
        if (element.VR is DicomVR.DS or DicomVR.IS)
        {
            return [.. ToStrings(element).Select(x => TryNumber(x, out var number) ? number : double.NaN)];
        }

        var unit = element.VR.UnitSize();
        if (unit == 1 || element.VR == DicomVR.AT) return [];
        var bytes = element.Value.Span;
        var numbers = new double[bytes.Length / unit];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = ReadNumber(element.VR, bytes.Slice(i * unit, unit));
        return numbers;
    }

    public static byte[] Encode(DicomVR vr, ReadOnlySpan<double> values)
    {
        if (vr is DicomVR.DS or DicomVR.IS)
        {
            var texts = new string[values.Length];
            for (var i = 0; i < texts.Length; i++)
            {
                texts[i] = vr == DicomVR.IS ? checked((long)values[i]).ToString(CultureInfo.InvariantCulture) : FormatDecimal(values[i]);
            }

            return Encoding.ASCII.GetBytes(string.Join('\\', texts));
        }

        var unit = vr.UnitSize();
        if (unit == 1 || vr == DicomVR.AT) throw new ArgumentException($"{vr} holds no numbers.", nameof(vr));
        var bytes = new byte[values.Length * unit];
        for (var i = 0; i < values.Length; i++) WriteNumber(vr, bytes.AsSpan(i * unit, unit), values[i]);
        return bytes;
    }

    /// <summary>DS holds at most 16 characters (PS3.5 §6.2): as many digits as fit.</summary>
    public static string FormatDecimal(double value)
    {
        if (!double.IsFinite(value)) throw new ArgumentException("A decimal string is finite.", nameof(value));
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        for (var digits = 15; text.Length > 16; digits--) text = value.ToString("G" + digits, CultureInfo.InvariantCulture);
        return text;
    }

    public static bool TryNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    /// <summary>One binary number or tag from its text in DICOM JSON; null if it is none.</summary>
    public static byte[]? TryEncode(DicomVR vr, string text)
    {
        var bytes = new byte[vr == DicomVR.AT ? 4 : vr.UnitSize()];
        var style = NumberStyles.Integer;
        var culture = CultureInfo.InvariantCulture;
        switch (vr)
        {
            case DicomVR.AT when DicomTag.TryParse(text, out var tag):
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, tag.Group);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), tag.Element);
                return bytes;
            case DicomVR.UV when ulong.TryParse(text, style, culture, out var unsigned):
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, unsigned);
                return bytes;
            case DicomVR.SV when long.TryParse(text, style, culture, out var signed):
                BinaryPrimitives.WriteInt64LittleEndian(bytes, signed);
                return bytes;
            case DicomVR.AT or DicomVR.UV or DicomVR.SV:
                return null;
        }

        if (!double.TryParse(text, NumberStyles.Float, culture, out var number)) return null;
        if (vr is not (DicomVR.FL or DicomVR.FD) && !Fits(vr, number)) return null;
        WriteNumber(vr, bytes, number);
        return bytes;
    }

    private static bool Fits(DicomVR vr, double number) => double.IsInteger(number) && vr switch
    {
        DicomVR.US => number is >= 0 and <= ushort.MaxValue,
        DicomVR.SS => number is >= short.MinValue and <= short.MaxValue,
        DicomVR.UL => number is >= 0 and <= uint.MaxValue,
        _ => number is >= int.MinValue and <= int.MaxValue,
    };

    public static IReadOnlyList<string> ToTags(ReadOnlySpan<byte> bytes)
    {
        var tags = new string[bytes.Length / 4];
        for (var i = 0; i < tags.Length; i++)
        {
            var pair = bytes.Slice(i * 4, 4);
            tags[i] = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(pair), BinaryPrimitives.ReadUInt16LittleEndian(pair[2..])).ToString();
        }

        return tags;
    }

    /// <summary>64-bit integers, of which a double would lose digits.</summary>
    private static string[] ToIntegers(DicomElement element)
    {
        var bytes = element.Value.Span;
        var texts = new string[bytes.Length / 8];
        for (var i = 0; i < texts.Length; i++)
        {
            var value = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * 8)..]);
            texts[i] = element.VR == DicomVR.UV ? ((ulong)value).ToString(CultureInfo.InvariantCulture) : value.ToString(CultureInfo.InvariantCulture);
        }

        return texts;
    }

    /// <summary>Splits at backslashes and removes the padding of each value: leading spaces only where they mean nothing.</summary>
    private static string[] Split(string text, DicomVR vr)
    {
        var values = text.Split('\\');
        for (var i = 0; i < values.Length; i++) values[i] = DicomText.Trim(values[i], vr);
        return values;
    }

    private static double ReadNumber(DicomVR vr, ReadOnlySpan<byte> bytes) => vr switch
    {
        DicomVR.US or DicomVR.OW => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        DicomVR.SS => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        DicomVR.UL or DicomVR.OL => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        DicomVR.SL => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        DicomVR.UV or DicomVR.OV => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        DicomVR.SV => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        DicomVR.FL or DicomVR.OF => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
    };

    private static void WriteNumber(DicomVR vr, Span<byte> bytes, double value)
    {
        switch (vr)
        {
            case DicomVR.US or DicomVR.OW: BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)value)); break;
            case DicomVR.SS: BinaryPrimitives.WriteInt16LittleEndian(bytes, checked((short)value)); break;
            case DicomVR.UL or DicomVR.OL: BinaryPrimitives.WriteUInt32LittleEndian(bytes, checked((uint)value)); break;
            case DicomVR.SL: BinaryPrimitives.WriteInt32LittleEndian(bytes, checked((int)value)); break;
            case DicomVR.UV or DicomVR.OV: BinaryPrimitives.WriteUInt64LittleEndian(bytes, checked((ulong)value)); break;
            case DicomVR.SV: BinaryPrimitives.WriteInt64LittleEndian(bytes, checked((long)value)); break;
            case DicomVR.FL or DicomVR.OF: BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)value); break;
            default: BinaryPrimitives.WriteDoubleLittleEndian(bytes, value); break;
        }
    }
}
