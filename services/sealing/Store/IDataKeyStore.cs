namespace MedCloudCare.Sealing;

/// <summary>A data key as it is stored: its id and the master key that wraps it.</summary>
public readonly record struct DataKeyInfo(Guid Id, string MasterKeyId);

/// <summary>How far a rewrapping is.</summary>
/// <param name="Fraction">From 0 to 1.</param>
/// <param name="Wrapped">Keys wrapped anew.</param>
/// <param name="Unreadable">Keys that cannot be opened.</param>
public readonly record struct RewrapProgress(double Fraction, long Wrapped, long Unreadable);

/// <summary>
/// Wrapped data keys (one per study), kept apart from the database and the object store and from their backups: erasing
/// a key here makes everything sealed under it unreadable, in backups too. Thread-safe; replicas may share one store.
/// </summary>
public interface IDataKeyStore
{
    /// <summary>Makes, wraps and stores a new data key. Durable when it returns. The caller disposes the handle.</summary>
    /// <exception cref="InvalidOperationException">The id exists, or has existed.</exception>
    ValueTask<DataKey> CreateAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Opens a data key. The caller disposes the handle.</summary>
    /// <exception cref="DataKeyErasedException">It was erased.</exception>
    /// <exception cref="DataKeyNotFoundException">It never existed.</exception>
    /// <exception cref="SealedDataException">Its bytes are damaged, or its master key is missing.</exception>
    ValueTask<DataKey> GetAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>The same for a pass over very many keys: keys that are in use elsewhere are not driven out of memory.</summary>
    /// <inheritdoc cref="GetAsync"/>
    ValueTask<DataKey> GetOnceAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Erases a data key for good. Durable when it returns; idempotent. Handles already given out stay usable until
    /// they are disposed.
    /// </summary>
    /// <exception cref="DataKeyNotFoundException">It never existed.</exception>
    ValueTask EraseAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>The live data keys, in no order. Keys made or erased meanwhile may or may not be among them.</summary>
    IAsyncEnumerable<DataKeyInfo> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>The data keys that were erased, in no order.</summary>
    IAsyncEnumerable<Guid> ListErasedAsync(CancellationToken cancellationToken = default);

    /// <summary>How many keys each master key wraps, the store's proof of its master keys included.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> CountByMasterKeyAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Wraps every live data key under the primary master key, while others use the store; what was sealed is not touched. May
    /// be repeated after an interruption. Keys that cannot be opened are counted and left as they are.
    /// </summary>
    /// <returns>Says now and then how far it is; the last one, with a fraction of 1, how it ended.</returns>
    IAsyncEnumerable<RewrapProgress> RewrapAsync(CancellationToken cancellationToken = default);
}
