using System.IO.Pipelines;
using CsCheck;

namespace MedCloudCare.Dicom.Tests;

public sealed class ChunkingTests
{
    private static readonly DicomReadOptions AnyFile = new() { RequireIdentifiers = false };

    public static TheoryData<string> Made => [.. Samples.Keys];

    private static readonly Dictionary<string, byte[]> Samples = new()
    {
        ["native"] = SampleFiles.ImageFile(),
        ["deflated"] = SampleFiles.WithSyntax(TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, SampleFiles.Deflate(SampleFiles.Explicit(SampleFiles.Image(4, 4, 1).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[32])))),
        ["truncated"] = SampleFiles.ImageFile().AsSpan(..^3).ToArray(),
        ["no DICOM"] = "%PDF-1.7 and more than a hundred and thirty-two bytes of it, for the preamble is only looked for when there are as many as that, so here they are."u8.ToArray(),
    };

    [Theory]
    [MemberData(nameof(Made))]
    public void A_file_fed_byte_by_byte_is_scanned_alike(string name) => AssertByteByByte(Samples[name]);

    [SkippableFact]
    public void Every_small_pydicom_file_fed_byte_by_byte_is_scanned_alike()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        foreach (var path in PydicomReference.Files.Keys) AssertByteByByte(File.ReadAllBytes(path));
    }

    [SkippableFact]
    public void Random_chunks_of_every_pydicom_file_are_scanned_alike()
    {
        Skip.If(PydicomReference.Files.Count == 0, "Debian's python3-pydicom is not installed.");
        var files = PydicomReference.Files.Keys.Select(File.ReadAllBytes).ToArray();
        var whole = files.Select(x => SampleFiles.Outcome(() => DicomInstanceScanner.Scan(x, AnyFile))).ToArray();
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Int[1, 5000].Array[1, 20]).Sample(
            (file, sizes) => Feed(files[file], sizes) == whole[file], iter: 1000);
    }

    [Fact]
    public async Task A_pipe_is_read_to_its_end()
    {
        var file = SampleFiles.ImageFile();
        var sink = new CountingSink();
        using var tokenizer = new DicomTokenizer(sink);
        await tokenizer.ReadAsync(PipeReader.Create(new MemoryStream(file), new StreamPipeReaderOptions(bufferSize: 16, minimumReadSize: 1)));
        Assert.Equal(file.Length, tokenizer.FileLength);
        Assert.Equal(sink.Started, sink.Ended);
        Assert.True(sink.Started > 15);
    }

    private static void AssertByteByByte(byte[] file) =>
        Assert.Equal(SampleFiles.Outcome(() => DicomInstanceScanner.Scan(file, AnyFile)), Feed(file, [1]));

    private static string Feed(byte[] file, int[] sizes) => SampleFiles.Outcome(() =>
    {
        using var scanner = new DicomInstanceScanner(AnyFile, file.Length);
        for (int at = 0, i = 0; at < file.Length; i++)
        {
            var size = Math.Min(sizes[i % sizes.Length], file.Length - at);
            scanner.Write(file.AsSpan(at, size));
            at += size;
        }

        return scanner.Complete();
    });

    private sealed class CountingSink : IDicomTokenSink
    {
        public int Started { get; private set; }

        public int Ended { get; private set; }

        public void OnToken(in DicomToken token)
        {
            if (token.Kind is DicomTokenKind.ElementStart or DicomTokenKind.SequenceStart or DicomTokenKind.ItemStart) Started++;
            if (token.Kind is DicomTokenKind.ElementEnd or DicomTokenKind.SequenceEnd or DicomTokenKind.ItemEnd) Ended++;
        }
    }
}
