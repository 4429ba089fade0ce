namespace MedCloudCare.Dicom;

/// <summary>Why a file is refused. Stable: services map these to the reasons of their contracts.</summary>
public enum DicomError
{
    /// <summary>No preamble, no meta group, and the first bytes are no data element.</summary>
    NotDicom,

    /// <summary>The bytes end inside an element, a sequence or an item.</summary>
    Truncated,

    /// <summary>A value, item or sequence claims to be longer than what contains it.</summary>
    LengthBeyondEnd,

    /// <summary>Bytes that are no data element where one must start, or a delimiter in the wrong place.</summary>
    Malformed,

    /// <summary>A length that its value representation cannot have (an undefined length of a text, for one).</summary>
    InvalidLength,

    /// <summary>Two bytes that are no VR inside an explicit VR data set.</summary>
    InvalidVr,

    /// <summary>Sequences nested deeper than <see cref="DicomReadOptions.MaxDepth"/>.</summary>
    TooDeep,

    /// <summary>More elements, items and fragments than <see cref="DicomReadOptions.MaxElements"/>.</summary>
    TooManyElements,

    /// <summary>The attributes (bulk data apart) are larger than <see cref="DicomReadOptions.MaxMetadataBytes"/>.</summary>
    MetadataTooLarge,

    /// <summary>A deflated data set inflates beyond the limits of <see cref="DicomReadOptions"/>.</summary>
    InflatedTooLarge,

    /// <summary>A deflated data set is not a valid deflate stream.</summary>
    CorruptDeflate,

    /// <summary>SOPInstanceUID (0008,0018) is absent or empty.</summary>
    MissingSopInstanceUid,

    /// <summary>SOPClassUID (0008,0016) is absent or empty.</summary>
    MissingSopClassUid,

    /// <summary>StudyInstanceUID (0020,000D) is absent or empty.</summary>
    MissingStudyInstanceUid,

    /// <summary>SeriesInstanceUID (0020,000E) is absent or empty.</summary>
    MissingSeriesInstanceUid,

    /// <summary>An identifying UID has other characters than digits and dots, or more than 64 of them.</summary>
    InvalidUid,

    /// <summary>DICOM JSON that does not follow PS3.18 annex F.</summary>
    InvalidJson,
}

/// <summary>A refused file or data set. The message names what and where, and never holds a value of the data set.</summary>
public sealed class DicomException : Exception
{
    public DicomException(DicomError error, string message, long offset = -1, string? path = null, Exception? inner = null)
        : base(Describe(message, offset, path), inner)
    {
        Error = error;
        Offset = offset;
        Path = path ?? "";
    }

    public DicomError Error { get; }

    /// <summary>Bytes from the start of the file (of the inflated data set, if deflated); -1 where there is no position.</summary>
    public long Offset { get; }

    /// <summary>Tags and item numbers from the root, "00081140/0/00081150"; empty at the root.</summary>
    public string Path { get; }

    private static string Describe(string message, long offset, string? path)
    {
        var where = string.IsNullOrEmpty(path) ? "" : $" in {path}";
        var at = offset < 0 ? "" : $" at byte {offset}";
        return $"{message}{where}{at}.";
    }
}
