using Xunit.Abstractions;

namespace MedCloudCare.Dicom.Tests;

/// <summary>A fuzz loop in process: whatever the bytes, the outcome is a description or a typed error, with bounded memory.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Mutations = 200_000;
    private const int Deflated = 1;

    [Fact]
    public void Mutated_files_never_fail_in_any_other_way()
    {
        var seeds = Seeds();
        var options = new DicomReadOptions { RequireIdentifiers = false, MaxInflatedBytes = 1 << 20 };
        var outcomes = new Dictionary<string, int>();
        var random = new Random(20_240_601);
        for (var i = 0; i < Mutations; i++)
        {
            var file = Mutate(seeds[random.Next(seeds.Count)], random);
            string outcome;
            try
            {
                using var scanner = new DicomInstanceScanner(options, random.Next(2) == 0 ? file.Length : null);
                var cut = random.Next(file.Length + 1);
                scanner.Write(file.AsSpan(0, cut));
                scanner.Write(file.AsSpan(cut));
                var info = scanner.Complete();
                if (i % 10 == 0) DicomDataset.FromJson(info.Json.Span);
                for (var frame = 0; frame < Math.Min(3, info.Frames.Count); frame++) Assert.True(info.Frames[frame].Length >= 0);
                outcome = "accepted";
            }
            catch (DicomException e)
            {
                outcome = e.Error.ToString();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Mutation {i}: {Convert.ToBase64String(file)}", e);
            }

            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        output.WriteLine(string.Join(", ", outcomes.Select(x => $"{x.Key} {x.Value}")));
        Assert.True(outcomes.Count > 6);
    }

    /// <summary>Corrupt deflate streams apart, of which more or less is inflated before the corruption shows.</summary>
    [Fact]
    public void Mutated_files_come_out_alike_however_they_are_cut()
    {
        var seeds = Seeds().Where((_, i) => i != Deflated).ToList();
        var options = new DicomReadOptions { RequireIdentifiers = false };
        var random = new Random(7);
        for (var i = 0; i < 4000; i++)
        {
            var file = Mutate(seeds[random.Next(seeds.Count)], random);
            var whole = SampleFiles.Outcome(() => DicomInstanceScanner.Scan(file, options));
            var bytewise = SampleFiles.Outcome(() =>
            {
                using var scanner = new DicomInstanceScanner(options, file.Length);
                for (var at = 0; at < file.Length; at++) scanner.Write(file.AsSpan(at, 1));
                return scanner.Complete();
            });
            Assert.True(whole == bytewise, $"Mutation {i}: {Convert.ToBase64String(file)}");
        }
    }

    private static List<byte[]> Seeds()
    {
        var small = SampleFiles.Explicit(SampleFiles.Image(2, 2, 2).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[16]));
        List<byte[]> seeds = [SampleFiles.ImageFile(2, 2, 2), SampleFiles.WithSyntax(TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, SampleFiles.Deflate(small)), small];
        seeds.AddRange(PydicomReference.Files.Keys.Select(File.ReadAllBytes).Where(x => x.Length < 1600));
        return seeds;
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        ReadOnlySpan<byte> telling = [0, 1, 0x7F, 0x80, 0xFE, 0xFF, (byte)'S', (byte)'Q', (byte)'U', (byte)'N', 0xE0, 0x1B, (byte)'$'];
        var file = seed.ToList();
        var start = file.Count > 200 ? 100 : 0;
        for (var changes = random.Next(1, 6); changes > 0 && file.Count > start; changes--)
        {
            var at = random.Next(start, file.Count);
            switch (random.Next(5))
            {
                case 0: file[at] = (byte)random.Next(256); break;
                case 1: file[at] = telling[random.Next(telling.Length)]; break;
                case 2: file.RemoveRange(at, Math.Min(random.Next(1, 9), file.Count - at)); break;
                case 3: file.InsertRange(at, file.GetRange(at, Math.Min(random.Next(1, 40), file.Count - at))); break;
                default: file.RemoveRange(at, random.Next(10) == 0 ? file.Count - at : 0); break;
            }
        }

        return [.. file];
    }
}
