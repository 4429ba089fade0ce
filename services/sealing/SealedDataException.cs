namespace MedCloudCare.Sealing;

/// <summary>Why sealed bytes could not be opened.</summary>
public enum SealedDataReason
{
    /// <summary>The bytes do not have the shape of the format: bad header, impossible length, unknown version.</summary>
    Malformed,

    /// <summary>The bytes end too early, or stop at a segment that was not sealed as the last one.</summary>
    Truncated,

    /// <summary>
    /// A tag does not verify: bytes were changed, reordered, appended or taken from another place, or they are opened
    /// with another key or other associated data. The cipher cannot tell these apart.
    /// </summary>
    Tampered,

    /// <summary>The master key that the bytes name is not in the keyring.</summary>
    WrongKey,
}

/// <summary>
/// Sealed bytes were refused. No byte of the refused segment, row or key has been released. The message names neither
/// key material nor content and may be logged.
/// </summary>
public sealed class SealedDataException : Exception
{
    public SealedDataException(SealedDataReason reason, string message, Exception? inner = null)
        : base(message, inner) => Reason = reason;

    /// <summary>What kind of refusal this is.</summary>
    public SealedDataReason Reason { get; }
}
