using System.Globalization;

namespace MedCloudCare.Dicom;

/// <summary>A data element tag, PS3.5 §7.1: group and element number. Orders as the standard orders elements.</summary>
public readonly record struct DicomTag(ushort Group, ushort Element) : IComparable<DicomTag>
{
    public DicomTag(uint value) : this((ushort)(value >> 16), (ushort)value) { }

    /// <summary>Group in the upper, element in the lower 16 bits.</summary>
    public uint Value => ((uint)Group << 16) | Element;

    public bool IsPrivate => (Group & 1) != 0;

    /// <summary>(gggg,0010-00FF) of an odd group: reserves a block of private elements (PS3.5 §7.8.1).</summary>
    public bool IsPrivateCreator => IsPrivate && Element is >= 0x10 and <= 0xFF;

    public bool IsGroupLength => Element == 0;

    public bool IsFileMeta => Group == 2;

    public int CompareTo(DicomTag other) => Value.CompareTo(other.Value);

    public static bool operator <(DicomTag left, DicomTag right) => left.Value < right.Value;

    public static bool operator >(DicomTag left, DicomTag right) => left.Value > right.Value;

    public static bool operator <=(DicomTag left, DicomTag right) => left.Value <= right.Value;

    public static bool operator >=(DicomTag left, DicomTag right) => left.Value >= right.Value;

    /// <summary>Eight upper-case hexadecimal digits, as DICOM JSON and DICOMweb write tags ("00100010").</summary>
    public override string ToString() => Value.ToString("X8", CultureInfo.InvariantCulture);

    /// <summary>Accepts "00100010", "0010,0010", "(0010,0010)" and keywords ("PatientName").</summary>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static DicomTag Parse(ReadOnlySpan<char> text) => TryParse(text, out var tag)
        ? tag
        : throw new FormatException("Not a DICOM tag or a known keyword.");

    /// <inheritdoc cref="Parse"/>
    public static bool TryParse(ReadOnlySpan<char> text, out DicomTag tag)
    {
        var digits = text;
        if (digits is ['(', .., ')']) digits = digits[1..^1];
        if (digits.Length == 9 && digits[4] == ',' && TryHex(digits[..4], out var group) && TryHex(digits[5..], out var element))
        {
            tag = new DicomTag((ushort)group, (ushort)element);
            return true;
        }

        if (digits.Length == 8 && TryHex(digits, out var value))
        {
            tag = new DicomTag(value);
            return true;
        }

        return DicomDictionary.TryGetTag(text, out tag);
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out uint value) =>
        uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
