using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using MedCloudCare.Sealing;

namespace MedCloudCare.Benchmarks;

/// <summary>Sealing instances against bare AES-256-GCM over the same segments.</summary>
internal static class SealBenchmark
{
    private const int InstanceSize = 525_000;
    private const int Segment = 64 * 1024;

    public static IEnumerable<Line> Run(int slices, int runs)
    {
        var instance = RandomNumberGenerator.GetBytes(InstanceSize);
        var identity = AssociatedData.Of("instance", "benchmark");
        using var key = DataKey.CreateEphemeral();
        using var bare = new AesGcm(RandomNumberGenerator.GetBytes(32), 16);
        var output = new ArrayBufferWriter<byte>(InstanceSize + 4096);
        var seal = new List<double>();
        var gcm = new List<double>();
        for (var run = 0; run <= runs; run++)
        {
            var sealedSpeed = Speed(slices, () =>
            {
                output.ResetWrittenCount();
                using var writer = new SealedStreamWriter(key, identity, output);
                writer.Write(instance);
                writer.Complete();
            });
            var bareSpeed = Speed(slices, () => Encrypt(bare, instance));
            if (run > 0)
            {
                seal.Add(sealedSpeed);
                gcm.Add(bareSpeed);
            }
        }

        yield return new Line("seal instances", Report.Median(seal), "MB/s", "bare AES-256-GCM", Report.Median(gcm));
    }

    private static void Encrypt(AesGcm cipher, byte[] plaintext)
    {
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> tag = stackalloc byte[16];
        var ciphertext = ArrayPool<byte>.Shared.Rent(Segment);
        for (var offset = 0; offset < plaintext.Length; offset += Segment)
        {
            var length = Math.Min(Segment, plaintext.Length - offset);
            cipher.Encrypt(nonce, plaintext.AsSpan(offset, length), ciphertext.AsSpan(0, length), tag);
        }

        ArrayPool<byte>.Shared.Return(ciphertext);
    }

    private static double Speed(int times, Action work)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < times; i++)
        {
            work();
        }

        return times * (double)InstanceSize / 1e6 / clock.Elapsed.TotalSeconds;
    }
}
