using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MedCloudCare.Models.Packages;

/// <summary>
/// The digest of a package: SHA-256 over its files in the order of their paths' UTF-8 bytes; of each the length of the path
/// (4 bytes, big endian), the path, the size (8 bytes, big endian) and the SHA-256 of the contents.
/// </summary>
public static class PackageDigest
{
    /// <summary><c>sha256:</c> and 64 hexadecimal digits. Does not depend on the order of the files.</summary>
    public static string Of(IEnumerable<PackageFile> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        foreach ((byte[] path, PackageFile file) in files.Select(f => (Encoding.UTF8.GetBytes(f.Path), f)).OrderBy(f => f.Item1, ByteOrder.Instance))
        {
            BinaryPrimitives.WriteInt32BigEndian(number, path.Length);
            hash.AppendData(number[..4]);
            hash.AppendData(path);
            BinaryPrimitives.WriteInt64BigEndian(number, file.Size);
            hash.AppendData(number);
            hash.AppendData(file.Sha256);
        }

        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public static ByteOrder Instance { get; } = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
