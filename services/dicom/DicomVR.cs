namespace MedCloudCare.Dicom;

/// <summary>Value representations, PS3.5 §6.2. <see cref="None"/> marks items and delimiters, which have none.</summary>
public enum DicomVR : byte
{
    None, AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, OB, OD, OF, OL, OV, OW, PN, SH, SL, SQ, SS, ST, SV, TM, UC, UI, UL,
    UN, UR, US, UT, UV,
}

/// <summary>Properties of the value representations.</summary>
public static class DicomVRExtensions
{
    private static readonly string[] Names = Enum.GetNames<DicomVR>();
    private static readonly DicomVR[] ByLetters = BuildTable();

    /// <summary>The two letters of the standard.</summary>
    public static string Name(this DicomVR vr) => vr == DicomVR.None ? "" : Names[(int)vr];

    /// <summary>The VR of two ASCII letters; <see cref="DicomVR.None"/> for anything else.</summary>
    public static DicomVR ParseVR(byte first, byte second) =>
        first is >= (byte)'A' and <= (byte)'Z' && second is >= (byte)'A' and <= (byte)'Z'
            ? ByLetters[((first - 'A') * 26) + (second - 'A')]
            : DicomVR.None;

    /// <inheritdoc cref="ParseVR(byte, byte)"/>
    public static DicomVR ParseVR(ReadOnlySpan<char> text) =>
        text.Length == 2 && text[0] < 128 && text[1] < 128 ? ParseVR((byte)text[0], (byte)text[1]) : DicomVR.None;

    /// <summary>Explicit VR encodes two reserved bytes and a 32-bit length (PS3.5 table 7.1-1).</summary>
    public static bool HasLongLength(this DicomVR vr) => vr is DicomVR.OB or DicomVR.OD or DicomVR.OF or DicomVR.OL or DicomVR.OV
        or DicomVR.OW or DicomVR.SQ or DicomVR.SV or DicomVR.UC or DicomVR.UN or DicomVR.UR or DicomVR.UT or DicomVR.UV;

    /// <summary>Specific Character Set (0008,0005) applies (PS3.5 §6.1.2.2).</summary>
    public static bool UsesCharacterSet(this DicomVR vr) => vr is DicomVR.LO or DicomVR.LT or DicomVR.PN or DicomVR.SH or DicomVR.ST
        or DicomVR.UC or DicomVR.UT;

    /// <summary>Character data of any kind.</summary>
    public static bool IsText(this DicomVR vr) => vr.UsesCharacterSet() || vr is DicomVR.AE or DicomVR.AS or DicomVR.CS or DicomVR.DA
        or DicomVR.DS or DicomVR.DT or DicomVR.IS or DicomVR.TM or DicomVR.UI or DicomVR.UR;

    /// <summary>Text of one value, in which a backslash is a character (PS3.5 §6.4).</summary>
    public static bool IsSingleText(this DicomVR vr) => vr is DicomVR.LT or DicomVR.ST or DicomVR.UT or DicomVR.UR;

    /// <summary>A stream of bytes or words that DICOM JSON carries as base64 or by reference.</summary>
    public static bool IsBulk(this DicomVR vr) => vr is DicomVR.OB or DicomVR.OD or DicomVR.OF or DicomVR.OL or DicomVR.OV
        or DicomVR.OW or DicomVR.UN;

    /// <summary>Bytes that byte order applies to; 1 for text and byte streams. AT is two units of 2.</summary>
    public static int UnitSize(this DicomVR vr) => vr switch
    {
        DicomVR.AT or DicomVR.OW or DicomVR.SS or DicomVR.US => 2,
        DicomVR.FL or DicomVR.OF or DicomVR.OL or DicomVR.SL or DicomVR.UL => 4,
        DicomVR.FD or DicomVR.OD or DicomVR.OV or DicomVR.SV or DicomVR.UV => 8,
        _ => 1,
    };

    private static DicomVR[] BuildTable()
    {
        var table = new DicomVR[26 * 26];
        foreach (var vr in Enum.GetValues<DicomVR>())
        {
            if (vr == DicomVR.None) continue;
            var name = Names[(int)vr];
            table[((name[0] - 'A') * 26) + (name[1] - 'A')] = vr;
        }

        return table;
    }
}
