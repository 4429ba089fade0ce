using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// Nonce and key of the segments of one stream, as in Tink's AES-GCM-HKDF streaming AEAD: the nonce is
/// prefix (7) | segment number (4, big endian) | 1 for the last segment, else 0; the key is HKDF-SHA256 of the stream
/// key with the stream's salt and the associated data as info.
/// </summary>
internal readonly struct SegmentNonce
{
    public const byte Middle = 0;
    public const byte Last = 1;

    public static void Write(Span<byte> nonce, ReadOnlySpan<byte> prefix, long segment, byte position)
    {
        prefix.CopyTo(nonce);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[SealedLayout.NoncePrefixLength..], checked((uint)segment));
        nonce[KeySizes.NonceLength - 1] = position;
    }

    /// <summary>The key of a stream's segments.</summary>
    public static byte[] DeriveKey(DataKey key, ReadOnlySpan<byte> header, ReadOnlySpan<byte> associatedData)
    {
        byte[] derived = SecretBytes.Allocate(KeySizes.KeyLength);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.StreamKey, derived, header.Slice(1, SealedLayout.SaltLength), associatedData);
        return derived;
    }
}
