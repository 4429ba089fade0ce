using System.Security.Cryptography;
using System.Text;

namespace MedCloudCare.Sealing;

/// <summary>Key material on the pinned heap: the collector never moves it, so zeroing leaves no copy behind.</summary>
internal static class SecretBytes
{
    public static byte[] Allocate(int length) => GC.AllocateArray<byte>(length, pinned: true);

    public static byte[] CopyOf(ReadOnlySpan<byte> source)
    {
        byte[] copy = Allocate(source.Length);
        source.CopyTo(copy);
        return copy;
    }

    public static byte[] Random(int length)
    {
        byte[] secret = Allocate(length);
        RandomNumberGenerator.Fill(secret);
        return secret;
    }

    /// <summary>HKDF-SHA256 (RFC 5869) with an empty salt and the label as info.</summary>
    public static void Derive(ReadOnlySpan<byte> key, string label, Span<byte> output) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, output, salt: default, Encoding.UTF8.GetBytes(label));
}
