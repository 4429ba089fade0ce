using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>
/// Where packs lie. An object is written once, from front to back, by one writer. In a directory it grows from group to
/// group, and what was flushed can be read meanwhile; on S3 an object holds one group and appears whole. Thread-safe.
/// </summary>
/// <exception cref="ObjectStoreUnavailableException">From every member: the store does not answer or refuses to.</exception>
public interface IObjectStore
{
    /// <summary>Creates an object and keeps it to this writer.</summary>
    IObjectAppender Create(Guid id);

    /// <summary>Opens an object for reading.</summary>
    /// <exception cref="ObjectMissingException"/>
    IObjectReader Open(Guid id);

    /// <summary>Removes an object; nothing happens when there is none.</summary>
    Task DeleteAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>What is stored under an id, or null.</summary>
    Task<StoredObject?> FindAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Whether nobody will ever append to this object again: its writer has ended it, or it was put whole.</summary>
    bool IsClosed(Guid id);

    /// <summary>
    /// Ends the objects whose writer has died: each is cut to its committed length, or removed when it has none.
    /// Objects with a living writer, in whichever process, are left alone.
    /// </summary>
    /// <param name="committedLength">The committed length of an object; null if nothing refers to it.</param>
    /// <param name="cancellationToken">Ends the work between two objects.</param>
    /// <returns>How many objects were ended.</returns>
    Task<int> RecoverAsync(Func<Guid, CancellationToken, Task<long?>> committedLength, CancellationToken cancellationToken);

    /// <summary>All objects, in no order.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(CancellationToken cancellationToken);
}

/// <summary>An object, its present length in bytes and when it was last written to.</summary>
public readonly record struct StoredObject(Guid Id, long Length, DateTimeOffset ModifyTime);

/// <summary>The writer of an object. Not thread-safe, but <see cref="FlushAsync"/> may run beside a write.</summary>
public interface IObjectAppender : IDisposable
{
    Guid Id { get; }

    /// <summary>Bytes written.</summary>
    long Length { get; }

    /// <summary>The object is complete with its first flush: the next group needs another object.</summary>
    bool HoldsOneGroup { get; }

    /// <summary>So much waits to be sent that the caller should wait before it appends more.</summary>
    bool IsCongested { get; }

    /// <summary>Waits until the object is congested no more.</summary>
    ValueTask WaitForRoomAsync();

    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Cuts off what was written beyond a length and has not been committed. What has left for S3 already cannot be cut off:
    /// it stays as a gap, and <see cref="Length"/> tells.
    /// </summary>
    void Truncate(long length);

    /// <summary>What was written before the call is durable when it returns.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Removes the object in place of ending it. Nothing may refer to it.</summary>
    void Discard();

    /// <summary>Lets go without ending the object, as if this writer had died: recovery looks at it again.</summary>
    void Abandon();
}

/// <summary>An object opened for reading.</summary>
public interface IObjectReader : IDisposable
{
    /// <summary>A stretch of the object as a sealed stream.</summary>
    ISealedSource Source(ByteRange place);
}

/// <summary>An object that the database refers to is not in the store.</summary>
public sealed class ObjectMissingException(Guid id, Exception? inner = null)
    : IOException($"The object {id} is not in the store.", inner);

/// <summary>The object store does not answer, or not as it should. Nothing that it did not acknowledge is lost or half there.</summary>
public sealed class ObjectStoreUnavailableException(string message, Exception? inner = null) : IOException(message, inner);
