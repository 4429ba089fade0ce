using Grpc.Core;
using MedCloudCare.Codecs;
using MedCloudCare.Dicom;

namespace MedCloudCare.Codec.Tests;

[Collection(CodecCollection.Name)]
public sealed class DecodingTests(CodecFixture fixture)
{
    // The two decoders' inverse transforms and colour conversions round differently, and libjpeg smooths shared chroma.
    private const int LossyError = 3;
    private const int SharedChromaError = 90;

    // Its code stream claims an area that neither OpenJPEG accepts nor GDCM, which then gives zeros.
    private const string NoCodeStream = "JPEG2000-embedded-sequence-delimiter.dcm";

    /// <summary>Every image of pydicom's test files, in every transfer syntax that they have.</summary>
    [SkippableFact]
    public async Task Frames_of_every_transfer_syntax_decode_to_what_pydicom_and_gdcm_make_of_them()
    {
        var images = StoredImage.Files.Select(StoredImage.TryRead).OfType<StoredImage>().Where(i => !i.IsOneBit && Path.GetFileName(i.Path) != NoCodeStream).ToList();
        Skip.If(images.Count == 0, "Debian's python3-pydicom is not installed.");
        using var folder = new TemporaryFolder();
        var references = Reference.Decode(folder.Path, images.Select(i => i.Path));
        var (compared, failures) = (new HashSet<string>(), new List<string>());
        foreach (var image in images)
        {
            var reference = references[image.Path];
            if (reference.TryGetProperty("error", out _)) continue;
            for (var frame = 0; frame < image.Frames.Count; frame++)
            {
                var expected = File.ReadAllBytes(Path.Combine(folder.Path, $"{Path.GetFileName(image.Path)}.{frame}.raw"));
                var request = new CodecRequest { Format = image.Format, From = PixelCodings.Find(image.Syntax)!.Value, To = PixelCoding.Native };
                try
                {
                    var actual = await fixture.Codec.RecodeAsync(request, image.Frames[frame], CancellationToken.None);
                    var error = Difference(image.Format, expected, actual.Bytes);
                    if (error > Allowed(image)) failures.Add($"{Path.GetFileName(image.Path)} ({image.Syntax}, {image.Format.Photometric} → {actual.Photometric}): {error}");
                }
                catch (RpcException e)
                {
                    failures.Add($"{Path.GetFileName(image.Path)} ({image.Syntax}): {e.Status.Detail}");
                }
            }

            compared.Add(image.Syntax);
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
        string[] expectedSyntaxes = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50",
            "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"];
        Assert.Empty(expectedSyntaxes.Except(compared));
    }

    private static int Allowed(StoredImage image)
    {
        var isLossy = TransferSyntax.Find(image.Syntax)!.IsLossy && PixelCodings.Find(image.Syntax) == PixelCoding.JpegDct;
        if (!isLossy) return 0;
        return image.Format.Samples == 3 ? SharedChromaError : LossyError;
    }

    private static long Difference(FrameFormat format, byte[] expected, byte[] actual)
    {
        if (expected.Length != actual.Length) return long.MaxValue;
        var largest = 0L;
        for (var i = 0; i < expected.Length; i += format.BytesPerSample) largest = Math.Max(largest, Math.Abs(Value(expected, i) - Value(actual, i)));
        return largest;

        long Value(byte[] cells, int at) => format.BytesPerSample switch { 1 => cells[at], 2 => BitConverter.ToUInt16(cells, at), _ => BitConverter.ToUInt32(cells, at) };
    }
}
