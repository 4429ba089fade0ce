using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>Text of the text VRs.</summary>
internal static class DicomText
{
    /// <summary>Decodes a stored value and removes its padding at the end.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes, DicomVR vr, DicomCharacterSet characterSet)
    {
        bytes = bytes.TrimEnd((byte)0);
        var text = vr.UsesCharacterSet() ? characterSet.Decode(bytes, vr == DicomVR.PN) : DicomCharacterSet.Default.Decode(bytes, false);
        return text.TrimEnd(' ', '\0');
    }

    /// <summary>
    /// Encodes text to be kept: UTF-8 where a character set applies, else the default repertoire with Latin-1 as
    /// <see cref="Decode"/> reads it; other characters, which such VRs cannot hold, become question marks.
    /// </summary>
    public static byte[] Encode(string text, DicomVR vr) => (vr.UsesCharacterSet() ? Encoding.UTF8 : Encoding.Latin1).GetBytes(text);

    /// <summary>Removes what PS3.5 §6.2 calls padding; leading spaces are content of DA, DT, TM, UC and PN.</summary>
    public static string Trim(string value, DicomVR vr)
    {
        value = value.TrimEnd(' ', '\0');
        return vr is DicomVR.AE or DicomVR.CS or DicomVR.DS or DicomVR.IS or DicomVR.LO or DicomVR.SH ? value.TrimStart(' ') : value;
    }
}
