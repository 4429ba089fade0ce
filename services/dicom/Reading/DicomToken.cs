namespace MedCloudCare.Dicom;

/// <summary>What a <see cref="DicomToken"/> announces.</summary>
public enum DicomTokenKind : byte
{
    /// <summary>The meta group, if any, is over; elements of the data set follow.</summary>
    DatasetStart,

    /// <summary>An element with a value of known length: <see cref="Value"/> tokens and one <see cref="ElementEnd"/> follow.</summary>
    ElementStart,

    /// <summary>The next bytes of the current value, as many as have arrived.</summary>
    Value,

    ElementEnd,

    SequenceStart,

    ItemStart,

    ItemEnd,

    SequenceEnd,

    /// <summary>Encapsulated pixel data: fragments follow, the offset table first.</summary>
    FragmentsStart,

    /// <summary>A fragment: <see cref="Value"/> tokens and one <see cref="FragmentEnd"/> follow.</summary>
    FragmentStart,

    FragmentEnd,

    FragmentsEnd,
}

/// <summary>One step through a file. Valid only during the call that brings it.</summary>
public readonly ref struct DicomToken
{
    public required DicomTokenKind Kind { get; init; }

    /// <summary>The element this token is of; the item tag for items and fragments.</summary>
    public DicomTag Tag { get; init; }

    public DicomVR VR { get; init; }

    /// <summary>The VR is the dictionary's, not the file's.</summary>
    public bool IsVRInferred { get; init; }

    /// <summary>Values are in big-endian byte order.</summary>
    public bool IsBigEndian { get; init; }

    /// <summary>Declared length of the value in bytes; -1 if undefined.</summary>
    public long Length { get; init; }

    /// <summary>Where the value begins; for ends, the position after the last byte of the value (before a delimiter).</summary>
    public long Offset { get; init; }

    /// <summary>Bytes of a <see cref="DicomTokenKind.Value"/> token.</summary>
    public ReadOnlySpan<byte> Value { get; init; }
}

/// <summary>Takes tokens in file order.</summary>
public interface IDicomTokenSink
{
    void OnToken(in DicomToken token);
}
