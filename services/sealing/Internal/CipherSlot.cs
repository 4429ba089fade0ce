using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// Keeps one idle AES-256-GCM object of a key. <see cref="AesGcm"/> is not thread-safe and costs a key schedule to make:
/// sequential users share one, concurrent users get their own.
/// </summary>
internal sealed class CipherSlot : IDisposable
{
    private readonly byte[] _key;
    private AesGcm? _idle;
    private volatile bool _disposed;

    /// <param name="key">Owned by the slot from here on; zeroed when it is disposed.</param>
    public CipherSlot(byte[] key) => _key = key;

    public AesGcm Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.Exchange(ref _idle, null) ?? new AesGcm(_key, KeySizes.TagLength);
    }

    public void Return(AesGcm cipher)
    {
        if (Interlocked.CompareExchange(ref _idle, cipher, null) is not null)
        {
            cipher.Dispose();
        }
        else if (_disposed)
        {
            Interlocked.Exchange(ref _idle, null)?.Dispose();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        Interlocked.Exchange(ref _idle, null)?.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }
}
