using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// A handle on a data key (32 bytes, one per study): seals columns itself, and streams through
/// <see cref="SealedStreamWriter"/> and <see cref="SealedStreamReader"/>. Each use has a key of its own, derived from the
/// data key. Thread-safe; to be disposed. FORMAT.md describes the formats.
/// </summary>
public sealed class DataKey : IDisposable
{
    /// <summary>By how many bytes a sealed row is longer than its plaintext: version 1, nonce 12, tag 16.</summary>
    public const int RowOverhead = 1 + KeySizes.NonceLength + KeySizes.TagLength;

    private const byte RowVersion = 1;
    private const string PurposeLabel = "medcloudcare/purpose/v1/";

    private KeyMaterial? _material;

    internal DataKey(Guid id, KeyMaterial material)
    {
        Id = id;
        _material = material;
    }

    /// <summary>Its id in the key store.</summary>
    public Guid Id { get; }

    internal ReadOnlySpan<byte> StreamKey => Material.StreamKey;

    private KeyMaterial Material
    {
        get
        {
            KeyMaterial? material = _material;
            ObjectDisposedException.ThrowIf(material is null, this);
            return material;
        }
    }

    /// <summary>A random key that lives in memory only, for caches that need not survive the process.</summary>
    public static DataKey CreateEphemeral() => new(Guid.NewGuid(), new KeyMaterial(SecretBytes.Random(KeySizes.KeyLength)));

    /// <summary>A data key from 32 bytes of secret, such as <see cref="Keyring.DeriveKey"/> gives. Copied.</summary>
    public static DataKey FromSecret(Guid id, ReadOnlySpan<byte> secret) => new(id, new KeyMaterial(SecretBytes.CopyOf(secret)));

    /// <summary>
    /// Seals a small value: AES-256-GCM under the row key with a random nonce.
    /// </summary>
    /// <param name="plaintext">The value.</param>
    /// <param name="associatedData">What the value belongs to, <see cref="AssociatedData.ForColumn"/>: needed to open it.</param>
    public byte[] SealRow(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        CipherSlot rows = Material.Rows;
        byte[] row = new byte[plaintext.Length + RowOverhead];
        row[0] = RowVersion;
        Span<byte> nonce = row.AsSpan(1, KeySizes.NonceLength);
        RandomNumberGenerator.Fill(nonce);
        Span<byte> body = row.AsSpan(1 + KeySizes.NonceLength);
        AesGcm cipher = rows.Rent();
        try
        {
            cipher.Encrypt(nonce, plaintext, body[..plaintext.Length], body[plaintext.Length..], associatedData);
        }
        finally
        {
            rows.Return(cipher);
        }

        return row;
    }

    /// <summary>Opens what <see cref="SealRow"/> sealed.</summary>
    /// <exception cref="SealedDataException">Malformed, or not sealed under this key and associated data.</exception>
    public byte[] OpenRow(ReadOnlySpan<byte> sealedRow, ReadOnlySpan<byte> associatedData)
    {
        byte[] plaintext = new byte[Math.Max(0, sealedRow.Length - RowOverhead)];
        OpenRow(sealedRow, associatedData, plaintext);
        return plaintext;
    }

    /// <summary>Opens a row into a buffer of at least its length less <see cref="RowOverhead"/>.</summary>
    /// <returns>The number of bytes written.</returns>
    /// <inheritdoc cref="OpenRow(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public int OpenRow(ReadOnlySpan<byte> sealedRow, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        int length = sealedRow.Length - RowOverhead;
        if (length < 0 || sealedRow[0] != RowVersion)
        {
            throw new SealedDataException(SealedDataReason.Malformed, "A sealed row is too short or of an unknown version.");
        }

        CipherSlot rows = Material.Rows;
        AesGcm cipher = rows.Rent();
        try
        {
            ReadOnlySpan<byte> body = sealedRow[(1 + KeySizes.NonceLength)..];
            cipher.Decrypt(sealedRow.Slice(1, KeySizes.NonceLength), body[..length], body[length..], destination[..length], associatedData);
            return length;
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new SealedDataException(SealedDataReason.Tampered,
                "A sealed row does not verify: it was changed, or belongs to another key, row or column.", e);
        }
        finally
        {
            rows.Return(cipher);
        }
    }

    /// <summary>A key of 32 bytes for another purpose of this study. The caller zeroes it.</summary>
    public byte[] DeriveKey(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        byte[] key = SecretBytes.Allocate(KeySizes.KeyLength);
        SecretBytes.Derive(Material.Secret, PurposeLabel + purpose, key);
        return key;
    }

    public void Dispose() => Interlocked.Exchange(ref _material, null)?.Dispose();

    /// <summary>Names the id only.</summary>
    public override string ToString() => $"DataKey {Id}";
}
