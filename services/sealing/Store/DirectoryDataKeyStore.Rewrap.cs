using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

public sealed partial class DirectoryDataKeyStore
{
    private string ProofPath => Path.Combine(_root, "store.proof");

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyDictionary<string, long>> CountByMasterKeyAsync(CancellationToken cancellationToken = default)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal)
        {
            [_masterKeys.MasterKeyIdOf(DataKeyFile.Read(ProofPath, Guid.Empty))] = 1,
        };
        await foreach (DataKeyInfo key in ListAsync(cancellationToken).ConfigureAwait(false))
        {
            counts[key.MasterKeyId] = counts.GetValueOrDefault(key.MasterKeyId) + 1;
        }

        return counts;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RewrapProgress> RewrapAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long wrapped = 0, unreadable = 0;
        for (int shard = 0; shard < Shards; shard++)
        {
            foreach (Guid id in IdsOf(shard))
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    wrapped += await RewrapAsync(id, cancellationToken).ConfigureAwait(false) ? 1 : 0;
                }
                catch (SealedDataException)
                {
                    unreadable++;
                }
            }

            yield return new RewrapProgress(shard / (double)Shards, wrapped, unreadable);
        }

        using (await FileLock.AcquireAsync(Path.Combine(_root, "store.lock"), cancellationToken).ConfigureAwait(false))
        {
            await ProveMasterKeysAsync(cancellationToken).ConfigureAwait(false);
        }

        yield return new RewrapProgress(1, wrapped, unreadable);
    }

    /// <summary>Under the lock, so that an erasure between reading and writing does not bring the key back.</summary>
    private async ValueTask<bool> RewrapAsync(Guid id, CancellationToken cancellationToken)
    {
        if (TryRead(id) is not { } present || await IsCurrentAsync(present, id, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        using (await LockAsync(id, cancellationToken).ConfigureAwait(false))
        {
            if (TryRead(id) is not { } wrapped
                || await _masterKeys.RewrapAsync(wrapped, DataKeyFile.ContextOf(id), cancellationToken).ConfigureAwait(false) is not { } rewrapped)
            {
                return false;
            }

            DurableFile.Write(PathOf(id), DataKeyFile.Format(rewrapped), _temporary, overwrite: true);
            return true;
        }
    }

    /// <summary>A look without the lock: most keys of a repeated run are wrapped under the primary already.</summary>
    private async ValueTask<bool> IsCurrentAsync(byte[] wrapped, Guid id, CancellationToken cancellationToken) =>
        await _masterKeys.RewrapAsync(wrapped, DataKeyFile.ContextOf(id), cancellationToken).ConfigureAwait(false) is null;

    /// <summary>
    /// A random key wrapped when the store was made: a keyring that cannot unwrap it is the wrong one, and saying so at
    /// start is better than at the first study. Kept under the primary, so that older master keys can be removed.
    /// </summary>
    private async Task ProveMasterKeysAsync(CancellationToken cancellationToken)
    {
        string path = ProofPath;
        byte[] context = DataKeyFile.ContextOf(Guid.Empty);
        if (!File.Exists(path))
        {
            byte[] proof = await _masterKeys.WrapAsync(RandomNumberGenerator.GetBytes(KeySizes.KeyLength), context, cancellationToken).ConfigureAwait(false);
            DurableFile.Write(path, DataKeyFile.Format(proof), _temporary, overwrite: true);
            return;
        }

        try
        {
            byte[] proof = DataKeyFile.Read(path, Guid.Empty);
            CryptographicOperations.ZeroMemory(await _masterKeys.UnwrapAsync(proof, context, cancellationToken).ConfigureAwait(false));
            if (await _masterKeys.RewrapAsync(proof, context, cancellationToken).ConfigureAwait(false) is { } rewrapped)
            {
                DurableFile.Write(path, DataKeyFile.Format(rewrapped), _temporary, overwrite: true);
            }
        }
        catch (SealedDataException e)
        {
            throw new KeyringException(KeyringProblem.Mismatch,
                $"The key store '{_root}' was made under other master keys than the ones given. Use the keyring that belongs to this data.", e);
        }
    }
}
