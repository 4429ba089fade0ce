using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// The secret of a data key with the keys derived from it, shared by the cache and by handles. Counted: zeroed when the
/// last of them lets go (or by the finalizer, should a handle be lost).
/// </summary>
internal sealed class KeyMaterial : IDisposable
{
    private const string StreamLabel = "medcloudcare/stream/v1";
    private const string RowLabel = "medcloudcare/row/v1";

    private readonly byte[] _secret;
    private CipherSlot? _rows;
    private byte[]? _streamKey;
    private int _holders = 1;

    /// <summary>Takes over the secret (32 bytes on the pinned heap). The caller is the first holder.</summary>
    public KeyMaterial(byte[] secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, KeySizes.KeyLength, nameof(secret));
        _secret = secret;
    }

    ~KeyMaterial() => Zero();

    public ReadOnlySpan<byte> Secret => _secret;

    // Derived on first use: loading an index opens rows of a million studies and no stream.
    public ReadOnlySpan<byte> StreamKey => Volatile.Read(ref _streamKey) ?? DeriveStreamKey();

    public CipherSlot Rows => Volatile.Read(ref _rows) ?? DeriveRows();

    /// <summary>Adds a holder; false when the material is gone already.</summary>
    public bool TryHold()
    {
        int holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            int seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return true;
            }

            holders = seen;
        }

        return false;
    }

    /// <summary>Lets one holder go.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Zero();
            GC.SuppressFinalize(this);
        }
    }

    private byte[] DeriveStreamKey()
    {
        byte[] derived = Derive(StreamLabel);
        return Interlocked.CompareExchange(ref _streamKey, derived, null) ?? derived;
    }

    private CipherSlot DeriveRows()
    {
        CipherSlot derived = new(Derive(RowLabel));
        if (Interlocked.CompareExchange(ref _rows, derived, null) is { } other)
        {
            derived.Dispose();
            return other;
        }

        return derived;
    }

    private byte[] Derive(string label)
    {
        byte[] derived = SecretBytes.Allocate(KeySizes.KeyLength);
        SecretBytes.Derive(_secret, label, derived);
        return derived;
    }

    private void Zero()
    {
        CryptographicOperations.ZeroMemory(_secret);
        CryptographicOperations.ZeroMemory(_streamKey);
        _rows?.Dispose();
    }
}
