namespace MedCloudCare.Sealing;

/// <summary>
/// Wraps data keys under a master key: a <see cref="Keyring"/> on disk, or a key management service. The context is
/// authenticated: a key wrapped for one context does not unwrap for another. Implementations are thread-safe.
/// </summary>
public interface IMasterKeys
{
    /// <summary>Wraps a key under the primary master key. The result names the master key.</summary>
    ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default);

    /// <summary>Unwraps a key. The caller zeroes the result.</summary>
    /// <exception cref="SealedDataException">
    /// <see cref="SealedDataReason.WrongKey"/>: the master key named is not known; <see cref="SealedDataReason.Tampered"/>:
    /// changed bytes or another context; <see cref="SealedDataReason.Malformed"/>: not a wrapped key.
    /// </exception>
    ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default);

    /// <summary>Wraps the same key under the primary; null when it is wrapped under the primary already.</summary>
    ValueTask<byte[]?> RewrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default);

    /// <summary>The id of the master key under which these bytes are wrapped.</summary>
    /// <exception cref="SealedDataException"><see cref="SealedDataReason.Malformed"/>.</exception>
    string MasterKeyIdOf(ReadOnlySpan<byte> wrapped);
}
