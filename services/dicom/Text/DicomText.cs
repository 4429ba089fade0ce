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

    /// <summary>Removes what PS3.5 §6.2 calls padding; leading spaces are content of DA, DT, TM, UC and PN.</summary>
    public static string Trim(string value, DicomVR vr)
    {
        value = value.TrimEnd(' ', '\0');
        return vr is DicomVR.AE or DicomVR.CS or DicomVR.DS or DicomVR.IS or DicomVR.LO or DicomVR.SH ? value.TrimStart(' ') : value;
    }
}
