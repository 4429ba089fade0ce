using System.Buffers;
using System.Security.Cryptography;

namespace MedCloudCare.Sealing.Tests;

/// <summary>Seals and opens whole streams in memory.</summary>
internal static class Streams
{
    /// <summary>Segments short enough to try every bit of several.</summary>
    public static SealedLayout Small { get; } = new(96);

    public static byte[] Identity { get; } = AssociatedData.Of("instance", "1.2.3");

    public static byte[] Random(int length) => RandomNumberGenerator.GetBytes(length);

    public static byte[] Seal(DataKey key, ReadOnlySpan<byte> plaintext, byte[]? identity = null, SealedLayout? layout = null, int push = int.MaxValue)
    {
        ArrayBufferWriter<byte> output = new();
        using SealedStreamWriter writer = new(key, identity ?? Identity, output, layout ?? SealedLayout.Default);
        for (int at = 0; at < plaintext.Length; at += Math.Min(push, plaintext.Length - at))
        {
            writer.Write(plaintext.Slice(at, Math.Min(push, plaintext.Length - at)));
        }

        writer.Complete();
        Assert.Equal(output.WrittenCount, writer.SealedLength);
        return output.WrittenSpan.ToArray();
    }

    public static async Task<byte[]> OpenAsync(DataKey key, ReadOnlyMemory<byte> stream, byte[]? identity = null, SealedLayout? layout = null)
    {
        MemorySealedSource source = new(stream);
        using SealedStreamReader reader = await SealedStreamReader.OpenAsync(
            key, identity ?? Identity, source, stream.Length, layout ?? SealedLayout.Default, default);
        byte[] plaintext = new byte[reader.Length];
        await reader.ReadExactlyAsync(source, 0, plaintext);
        return plaintext;
    }

    public static async Task<SealedDataReason> RefusalAsync(DataKey key, ReadOnlyMemory<byte> stream, byte[]? identity = null, SealedLayout? layout = null) =>
        (await Assert.ThrowsAsync<SealedDataException>(() => OpenAsync(key, stream, identity, layout))).Reason;
}
