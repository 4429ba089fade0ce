namespace MedCloudCare.Dicom;

/// <summary>The 128 bytes before "DICM", which no reader needs and which can make a DICOM file an executable (CVE-2019-11687).</summary>
public static class Preamble
{
    public const int Length = 128;

    private const int MagicLength = 4;

    /// <summary>
    /// Zeroes a preamble that could make the file one of another kind: its first four bytes, by which executables, scripts and
    /// archives are told ("MZ", ELF, "#!", …), are not zero. Known to be executable or not, it goes, unless it begins a TIFF
    /// file (II*\0, MM\0*), the dual use PS3.10 §7.1 names.
    /// </summary>
    /// <param name="file">The first bytes of a Part 10 file, at least 132 of them.</param>
    /// <returns>Whether bytes were changed. Files without a preamble are left alone.</returns>
    public static bool Neutralise(Span<byte> file)
    {
        if (!IsPresent(file)) return false;
        var preamble = file[..Length];
        if (preamble[..MagicLength].IndexOfAnyExcept((byte)0) < 0 || IsTiff(preamble)) return false;
        preamble.Clear();
        return true;
    }

    /// <summary>Whether the bytes are 128 of anything followed by "DICM".</summary>
    public static bool IsPresent(ReadOnlySpan<byte> file) => file.Length >= Length + 4 && file.Slice(Length, 4).SequenceEqual("DICM"u8);

    private static bool IsTiff(ReadOnlySpan<byte> bytes) => bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8);
}
