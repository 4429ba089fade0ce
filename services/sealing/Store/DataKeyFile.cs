using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Sealing;

/// <summary>
/// The file of one data key: magic (4) | version (1) | wrapped key, or the same magic with version 0 and nothing more once
/// it is erased. FORMAT.md, "Key store".
/// </summary>
internal static class DataKeyFile
{
    /// <summary>Length of the file of an erased key.</summary>
    public const int TombstoneLength = HeaderLength;

    private const byte Version = 1;
    private const int HeaderLength = 5;
    private const int MaximumLength = 1024;

    private static ReadOnlySpan<byte> Magic => "MCCK"u8;

    public static byte[] Tombstone => [.. Magic, 0];

    public static byte[] ContextOf(Guid id)
    {
        ReadOnlySpan<byte> label = "medcloudcare/data-key/v1\0"u8;
        byte[] context = new byte[label.Length + 16];
        label.CopyTo(context);
        id.TryWriteBytes(context.AsSpan(label.Length), bigEndian: true, out _);
        return context;
    }

    public static byte[] Format(ReadOnlySpan<byte> wrapped) => [.. Magic, Version, .. wrapped];

    /// <summary>The wrapped key in the file.</summary>
    /// <exception cref="DataKeyNotFoundException"/>
    /// <exception cref="DataKeyErasedException"/>
    /// <exception cref="SealedDataException"><see cref="SealedDataReason.Malformed"/>.</exception>
    public static byte[] Read(string path, Guid id)
    {
        byte[] content;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> buffer = stackalloc byte[MaximumLength + 1];
            int length = RandomAccess.Read(file, buffer, fileOffset: 0);
            if (length > MaximumLength)
            {
                throw Malformed(id);
            }

            content = buffer[..length].ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataKeyNotFoundException(id);
        }

        // A file of zeros is one that was overwritten by an erasure which then died before it put the tombstone.
        if (content.AsSpan().SequenceEqual(Tombstone) || (content.Length > 0 && !content.AsSpan().ContainsAnyExcept((byte)0)))
        {
            throw new DataKeyErasedException(id);
        }

        if (content.Length <= HeaderLength || !content.AsSpan().StartsWith(Magic) || content[HeaderLength - 1] != Version)
        {
            throw Malformed(id);
        }

        return content[HeaderLength..];
    }

    private static SealedDataException Malformed(Guid id) =>
        new(SealedDataReason.Malformed, $"The file of the data key {id} is not one of the key store, or of an unknown version.");
}
