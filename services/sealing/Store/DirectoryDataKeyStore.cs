using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// A key store in a directory: one small file a key, in 256 shards, each written whole and flushed with its directory.
/// Replicas may share the directory (same host, or a file system with flock). A key that another replica erases is
/// refused here from the next <see cref="GetAsync"/>. Key ids must be random in their last byte, as UUIDs are.
/// </summary>
public sealed partial class DirectoryDataKeyStore : IDataKeyStore, IDisposable
{
    /// <summary>How many keys are kept open in memory unless told otherwise (some 500 bytes each).</summary>
    public const int DefaultCacheCapacity = 4096;

    private const string Extension = ".key";
    private const int Shards = 256;

    private readonly IMasterKeys _masterKeys;
    private readonly DataKeyCache _cache;
    private readonly string _root;
    private readonly string _temporary;

    private DirectoryDataKeyStore(string root, IMasterKeys masterKeys, int cacheCapacity)
    {
        _root = Path.GetFullPath(root);
        _temporary = Path.Combine(_root, "tmp");
        _masterKeys = masterKeys;
        _cache = new DataKeyCache(cacheCapacity);
    }

    /// <summary>
    /// Opens the store, making it where there is none, and proves that the master keys are the ones it was made with.
    /// </summary>
    /// <param name="directory">Its directory: mode 0700, of the same file system throughout.</param>
    /// <param name="masterKeys">Wrap and unwrap the data keys.</param>
    /// <param name="cacheCapacity">Keys kept in memory; 0 for none.</param>
    /// <param name="cancellationToken">Ends the wait for another process that opens the same store.</param>
    /// <exception cref="KeyringException"><see cref="KeyringProblem.Mismatch"/>: made under other master keys.</exception>
    public static async Task<DirectoryDataKeyStore> OpenAsync(
        string directory, IMasterKeys masterKeys, int cacheCapacity = DefaultCacheCapacity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(masterKeys);
        ArgumentOutOfRangeException.ThrowIfNegative(cacheCapacity);
        DirectoryDataKeyStore store = new(directory, masterKeys, cacheCapacity);
        DurableFile.CreateDirectory(store._root);
        DurableFile.CreateDirectory(store._temporary);
        using (await FileLock.AcquireAsync(Path.Combine(store._root, "store.lock"), cancellationToken).ConfigureAwait(false))
        {
            for (int shard = 0; shard < Shards; shard++)
            {
                Directory.CreateDirectory(Path.Combine(store._root, shard.ToString("x2")), DurableFile.OwnerOnlyDirectory);
            }

            DurableDirectory.Flush(store._root);
            DurableFile.SweepTemporary(store._temporary);
            await store.ProveMasterKeysAsync(cancellationToken).ConfigureAwait(false);
        }

        return store;
    }

    /// <inheritdoc/>
    public async ValueTask<DataKey> CreateAsync(Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(id, Guid.Empty);
        byte[] secret = SecretBytes.Random(KeySizes.KeyLength);
        try
        {
            byte[] wrapped = await _masterKeys.WrapAsync(secret, DataKeyFile.ContextOf(id), cancellationToken).ConfigureAwait(false);
            DurableFile.Write(PathOf(id), DataKeyFile.Format(wrapped), _temporary, overwrite: false);
        }
        catch (Exception e)
        {
            CryptographicOperations.ZeroMemory(secret);
            if (e is IOException && File.Exists(PathOf(id)))
            {
                throw new InvalidOperationException($"The data key {id} exists already, or has existed.", e);
            }

            throw;
        }

        return _cache.Add(id, new KeyMaterial(secret));
    }

    /// <inheritdoc/>
    public async ValueTask<DataKey> GetAsync(Guid id, CancellationToken cancellationToken = default)
    {
        string path = PathOf(id);
        if (_cache.Find(id) is { } cached)
        {
            // A tombstone is shorter than any key: one stat per call makes an erasure by another replica effective at once.
            if (new FileInfo(path) is { Exists: true, Length: > DataKeyFile.TombstoneLength })
            {
                return cached;
            }

            cached.Dispose();
            _cache.Remove(id);
        }

        return _cache.Add(id, await ReadAsync(path, id, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask<DataKey> GetOnceAsync(Guid id, CancellationToken cancellationToken = default) =>
        new(id, await ReadAsync(PathOf(id), id, cancellationToken).ConfigureAwait(false));

    private async ValueTask<KeyMaterial> ReadAsync(string path, Guid id, CancellationToken cancellationToken)
    {
        byte[] wrapped = DataKeyFile.Read(path, id);
        byte[] secret;
        try
        {
            secret = await _masterKeys.UnwrapAsync(wrapped, DataKeyFile.ContextOf(id), cancellationToken).ConfigureAwait(false);
        }
        catch (SealedDataException)
        {
            // Read while it was being overwritten: the second reading says that it is erased.
            _ = DataKeyFile.Read(path, id);
            throw;
        }

        return new KeyMaterial(secret);
    }

    /// <inheritdoc/>
    public async ValueTask EraseAsync(Guid id, CancellationToken cancellationToken = default)
    {
        string path = PathOf(id);
        if (!File.Exists(path))
        {
            throw new DataKeyNotFoundException(id);
        }

        using (await LockAsync(id, cancellationToken).ConfigureAwait(false))
        {
            // 1. The bytes go, in the file that holds them (and in hard links to it). 2. A tombstone takes its place,
            // so that the id is known as erased and cannot be made again.
            DurableFile.Zero(path);
            DurableFile.Write(path, DataKeyFile.Tombstone, _temporary, overwrite: true);
        }

        _cache.Remove(id);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<DataKeyInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (Guid id in Ids())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryRead(id) is { } wrapped)
            {
                yield return new DataKeyInfo(id, _masterKeys.MasterKeyIdOf(wrapped));
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Guid> ListErasedAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (Guid id in Ids())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (new FileInfo(PathOf(id)).Length <= DataKeyFile.TombstoneLength || TryRead(id) is null)
            {
                yield return id;
            }
        }
    }

    /// <summary>Zeroes the cached keys. Handles given out stay usable.</summary>
    public void Dispose() => _cache.Clear();

    private string PathOf(Guid id)
    {
        string name = id.ToString("N");
        return Path.Combine(_root, name[^2..], name + Extension);
    }

    private Task<IDisposable> LockAsync(Guid id, CancellationToken cancellationToken) =>
        FileLock.AcquireAsync(Path.Combine(_root, id.ToString("N")[^2..], "shard.lock"), cancellationToken);

    private IEnumerable<Guid> Ids() => Enumerable.Range(0, Shards).SelectMany(IdsOf);

    private IEnumerable<Guid> IdsOf(int shard)
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(_root, shard.ToString("x2")), "*" + Extension))
        {
            if (Guid.TryParseExact(Path.GetFileNameWithoutExtension(path), "N", out Guid id))
            {
                yield return id;
            }
        }
    }

    private byte[]? TryRead(Guid id)
    {
        try
        {
            return DataKeyFile.Read(PathOf(id), id);
        }
        catch (DataKeyErasedException)
        {
            return null;
        }
    }
}
