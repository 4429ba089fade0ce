using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// Wire format of a wrapped key: version (1) | master key id (16) | nonce (12) | ciphertext (n) | tag (16).
/// FORMAT.md, "Wrapped keys".
/// </summary>
internal static class WrappedKey
{
    public const byte Version = 1;
    private const int IdLength = 16;
    private const int PrefixLength = 1 + IdLength;
    private const int HeaderLength = PrefixLength + KeySizes.NonceLength;
    private const int MaximumKeyLength = 4096;

    private static ReadOnlySpan<byte> Label => "medcloudcare/wrap/v1"u8;

    /// <summary>Length of a wrapped 32-byte key.</summary>
    public static int LengthOf(int keyLength) => HeaderLength + keyLength + KeySizes.TagLength;

    public static byte[] Wrap(MasterKey master, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context)
    {
        ArgumentOutOfRangeException.ThrowIfZero(key.Length, nameof(key));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, MaximumKeyLength, nameof(key));
        byte[] wrapped = new byte[LengthOf(key.Length)];
        wrapped[0] = Version;
        master.Id.TryWriteBytes(wrapped.AsSpan(1), bigEndian: true, out _);
        Span<byte> nonce = wrapped.AsSpan(PrefixLength, KeySizes.NonceLength);
        RandomNumberGenerator.Fill(nonce);
        AesGcm cipher = master.Ciphers.Rent();
        cipher.Encrypt(nonce, key, wrapped.AsSpan(HeaderLength, key.Length), wrapped.AsSpan(HeaderLength + key.Length),
            AssociatedBytes(wrapped, context));
        master.Ciphers.Return(cipher);
        return wrapped;
    }

    public static byte[] Unwrap(MasterKey master, ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context)
    {
        int length = wrapped.Length - HeaderLength - KeySizes.TagLength;
        byte[] key = SecretBytes.Allocate(length);
        AesGcm cipher = master.Ciphers.Rent();
        try
        {
            cipher.Decrypt(wrapped.Slice(PrefixLength, KeySizes.NonceLength), wrapped.Slice(HeaderLength, length),
                wrapped[(HeaderLength + length)..], key, AssociatedBytes(wrapped, context));
            return key;
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new SealedDataException(SealedDataReason.Tampered,
                "A wrapped key does not verify: it was changed, belongs to another place, or another master key has its id.", e);
        }
        finally
        {
            master.Ciphers.Return(cipher);
        }
    }

    public static Guid MasterKeyId(ReadOnlySpan<byte> wrapped)
    {
        if (wrapped.Length <= HeaderLength + KeySizes.TagLength || wrapped.Length > LengthOf(MaximumKeyLength))
        {
            throw new SealedDataException(SealedDataReason.Malformed, $"A wrapped key cannot have {wrapped.Length} bytes.");
        }

        if (wrapped[0] != Version)
        {
            throw new SealedDataException(SealedDataReason.Malformed, $"A wrapped key of version {wrapped[0]} is not known to this release.");
        }

        return new Guid(wrapped.Slice(1, IdLength), bigEndian: true);
    }

    private static byte[] AssociatedBytes(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context) =>
        [.. Label, 0, .. wrapped[..PrefixLength], .. context];
}
