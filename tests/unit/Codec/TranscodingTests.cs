using System.IO.Pipelines;
using System.Text.Json;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Transcoding;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Codec.Tests;

[Collection(CodecCollection.Name)]
public sealed class TranscodingTests(CodecFixture fixture)
{
    // Pixels shorter than their attributes say; no code stream at all; attributes that pydicom refuses.
    private static readonly string[] Damaged = ["MR_truncated.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "badVR.dcm"];

    /// <summary>Every pydicom file that has an image, in every transfer syntax that it can be sent in: pydicom reads what was sent.</summary>
    [SkippableFact]
    public async Task Transcoded_files_are_whole_and_have_the_same_attributes_and_pixels()
    {
        using var folder = new TemporaryFolder();
        var (pairs, sent) = (new List<string>(), new HashSet<(string, string)>());
        foreach (var path in StoredImage.Files.Where(f => !Damaged.Contains(Path.GetFileName(f))))
        {
            var file = await File.ReadAllBytesAsync(path);
            if (SyntaxOf(file) is not { } syntax) continue;
            foreach (var target in TranscodeTarget.From(syntax))
            {
                if (await TryTranscodeAsync(file, syntax, target) is not { } transcoded) continue;
                var copy = Path.Combine(folder.Path, $"{Path.GetFileName(path)}.{target.Syntax.Uid}.dcm");
                await File.WriteAllBytesAsync(copy, transcoded);
                pairs.AddRange([path, copy]);
                sent.Add((syntax, target.Syntax.Uid));
            }
        }

        Skip.If(pairs.Count == 0, "Debian's python3-pydicom is not installed.");
        var answers = Reference.Run([Path.Combine(AppContext.BaseDirectory, "pixels.py"), "compare", .. pairs]).Split('\n')
            .Where(l => l.StartsWith('{')).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(pairs.Count / 2, answers.Count);
        var failures = answers.Where(a => a.GetProperty("why").ValueKind != JsonValueKind.Null).Select(a => $"{Path.GetFileName(a.GetProperty("path").GetString())}: {a.GetProperty("why")}").ToList();
        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
        Assert.All(answers, a => Assert.True(a.GetProperty("table").ValueKind is JsonValueKind.Null or JsonValueKind.True, "The basic offset table is empty."));
        Assert.All(answers.Where(a => a.GetProperty("syntax").GetString() == "1.2.840.10008.1.2.4.50"), a =>
        {
            Assert.Equal("01", a.GetProperty("lossy").GetString());
            Assert.Contains("ISO_10918_1", a.GetProperty("method").GetString(), StringComparison.Ordinal);
        });
        Assert.True(sent.Count > 40, $"Only {sent.Count} pairs of transfer syntaxes.");
    }

    [SkippableFact]
    public async Task Chunks_of_any_size_give_the_same_file()
    {
        var file = await File.ReadAllBytesAsync(StoredImage.FileNamed("SC_rgb_rle_2frame.dcm"));
        var target = TranscodeTarget.Find("1.2.840.10008.1.2.4.80")!;
        var whole = await TryTranscodeAsync(file, TransferSyntax.RleLossless.Uid, target, file.Length);
        Assert.Equal(whole, await TryTranscodeAsync(file, TransferSyntax.RleLossless.Uid, target, 1));
        Assert.Equal(whole, await TryTranscodeAsync(file, TransferSyntax.RleLossless.Uid, target, 777));
    }

    [SkippableFact]
    public async Task Frames_without_an_offset_table_begin_where_code_streams_do()
    {
        // Two frames of two fragments each, and an empty table.
        var image = StoredImage.Read("MR_small_jp2klossless.dcm");
        var fragments = Enumerable.Repeat(image.Frames[0], 2).SelectMany(f => (byte[][])[f[..1000], [.. f[1000..], .. new byte[f.Length % 2]]]);
        var dataset = image.Info.Dataset.Clone();
        dataset.Remove(DicomTags.PixelData);
        dataset.Set(DicomTags.NumberOfFrames, "2");
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        new DicomWriter(buffer).WriteElement(new DicomElement(DicomTags.TransferSyntaxUID, DicomVR.UI, System.Text.Encoding.ASCII.GetBytes(image.Syntax)));
        var meta = buffer.WrittenSpan.ToArray();
        buffer.Clear();
        var writer = new DicomWriter(buffer);
        writer.WriteDataset(dataset);
        writer.WriteHeader(DicomTags.PixelData, DicomVR.OB, 0xFFFFFFFF);
        byte[] items = [.. (byte[][])[[], .. fragments] is var all ? all.SelectMany(f => (byte[])[0xFE, 0xFF, 0x00, 0xE0, .. BitConverter.GetBytes(f.Length), .. f]) : [], 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
        byte[] file = [.. new byte[128], .. "DICM"u8, .. meta, .. buffer.WrittenSpan, .. items];
        foreach (var chunk in (int[])[file.Length, 1])
        {
            var native = await TryTranscodeAsync(file, image.Syntax, TranscodeTarget.Find(TransferSyntax.ExplicitVRLittleEndian.Uid)!, chunk);
            var info = DicomInstanceScanner.Scan(native);
            Assert.Equal(2, info.Frames.Count);
            Assert.Equal(2 * image.Format.DecodedBytes, info.BulkData.Single(b => b.Path == "7FE00010").Length);
        }
    }

    [SkippableTheory]
    [InlineData("rtdose_1frame.dcm", "1.2.840.10008.1.2.4.80")]
    [InlineData("MR_small.dcm", "1.2.840.10008.1.2.4.50")]
    [InlineData("liver_1frame.dcm", "1.2.840.10008.1.2.5")]
    [InlineData("test-SR.dcm", "1.2.840.10008.1.2.4.90")]
    public async Task What_a_transfer_syntax_cannot_hold_is_not_acceptable_and_what_is_possible_is_named(string name, string target)
    {
        var file = await File.ReadAllBytesAsync(StoredImage.FileNamed(name));
        var error = await Assert.ThrowsAsync<RpcException>(() => TranscodeAsync(file, SyntaxOf(file)!, TranscodeTarget.Find(target)!, 4096));
        Assert.True(MeshErrors.TryRead(error, out var reason, out var metadata));
        Assert.Equal(Reason.NotAcceptable, reason);
        Assert.Contains(SyntaxOf(file)!, metadata["available"], StringComparison.Ordinal);
        Assert.DoesNotContain(target, metadata["available"], StringComparison.Ordinal);
    }

    private static string? SyntaxOf(byte[] file)
    {
        try
        {
            return DicomInstanceScanner.Scan(file, DicomReadOptions.Default with { RequireIdentifiers = false }).TransferSyntaxUid;
        }
        catch (DicomException)
        {
            return null;
        }
    }

    private async Task<byte[]?> TryTranscodeAsync(byte[] file, string syntax, TranscodeTarget target, int chunk = 50_000)
    {
        try
        {
            return await TranscodeAsync(file, syntax, target, chunk);
        }
        catch (RpcException e) when (MeshErrors.TryRead(e, out _, out var metadata) && metadata.ContainsKey("available"))
        {
            return null;
        }
    }

    private async Task<byte[]> TranscodeAsync(byte[] file, string syntax, TranscodeTarget target, int chunk)
    {
        using var output = new MemoryStream();
        var pipe = PipeWriter.Create(output, new StreamPipeWriterOptions(leaveOpen: true));
        var begun = 0;
        await using (var transcoder = new InstanceTranscoder(fixture.Codec, target, syntax, new PartStream(pipe), () => begun++))
        {
            for (var at = 0; at < file.Length; at += chunk) await transcoder.WriteAsync(file.AsMemory(at, Math.Min(chunk, file.Length - at)), CancellationToken.None);
            await transcoder.CompleteAsync(CancellationToken.None);
        }

        await pipe.CompleteAsync();
        Assert.Equal(1, begun);
        return output.ToArray();
    }
}
