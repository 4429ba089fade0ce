using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Dicom.Tests;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Instances and frames in another transfer syntax than the stored one (PS3.18 §8.7.3.5), and what hostile pixels do.</summary>
[Collection(MeshCollection.Name)]
public sealed class TranscodedTests(MeshFixture mesh)
{
    private const string Explicit = "1.2.840.10008.1.2.1";
    private const string JpegLs = "1.2.840.10008.1.2.4.80";
    private const string Jpeg2000 = "1.2.840.10008.1.2.4.90";

    [SkippableFact]
    public async Task A_file_comes_untouched_where_its_syntax_is_accepted_and_transcoded_where_it_is_not()
    {
        var file = await StoredAsync("MR_small_jpeg_ls_lossless.dcm");
        using var client = file.Client;
        foreach (var accept in (string[])["application/dicom", "application/dicom; transfer-syntax=*", $"application/dicom; transfer-syntax={JpegLs}",
            $"application/dicom; transfer-syntax={Explicit};q=0.9, application/dicom; transfer-syntax={JpegLs}"])
        {
            Assert.Equal(file.Bytes, (await client.GetAsync(file.Path, accept)).Body);
        }

        var native = PixelsOf(await File.ReadAllBytesAsync(PydicomReference.FileNamed("MR_small.dcm")), 0);
        foreach (var target in (string[])[Explicit, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", Jpeg2000])
        {
            var answer = await client.GetAsync(file.Path, $"application/dicom; transfer-syntax={target}");
            Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
            Assert.Equal($"application/dicom; transfer-syntax={target}", answer.ContentType);
            var info = DicomInstanceScanner.Scan(answer.Body);
            Assert.Equal((target, file.Instance, 1), (info.TransferSyntaxUid, info.SopInstanceUid, info.Frames.Count));
            if (target == Explicit) Assert.Equal(native, PixelsOf(answer.Body, 0));
        }
    }

    [SkippableFact]
    public async Task Frames_are_sent_in_what_the_client_reads()
    {
        var file = await StoredAsync("MR_small_jpeg_ls_lossless.dcm");
        using var client = file.Client;
        var native = PixelsOf(await File.ReadAllBytesAsync(PydicomReference.FileNamed("MR_small.dcm")), 0);
        foreach (var (accept, type, syntax) in ((string, string, string)[])
        [
            ("application/octet-stream", "application/octet-stream", Explicit), ("image/jls", "image/jls", JpegLs), ("image/jp2", "image/jp2", Jpeg2000),
            ("image/jpeg", "image/jpeg", "1.2.840.10008.1.2.4.70"), ("image/dicom-rle", "image/dicom-rle", "1.2.840.10008.1.2.5"),
            ($"application/octet-stream; transfer-syntax={Jpeg2000}", "application/octet-stream", Jpeg2000), ("*/*", "image/jls", JpegLs),
        ])
        {
            var answer = await client.GetAsync($"{file.Path}/frames/1", $"multipart/related; type=\"{accept}\"" is var part && accept.Contains(';', StringComparison.Ordinal)
                ? $"multipart/related; type=\"{accept[..accept.IndexOf(';', StringComparison.Ordinal)]}\"{accept[accept.IndexOf(';', StringComparison.Ordinal)..]}"
                : accept == "*/*" ? accept : part);
            Assert.True(answer.Status == HttpStatusCode.OK, accept + answer);
            var only = Assert.Single(answer.Parts);
            Assert.Equal($"{type}; transfer-syntax={syntax}", only.ContentType);
            if (syntax == Explicit) Assert.Equal(native, only.Content);
        }
    }

    [SkippableFact]
    public async Task In_a_series_of_several_syntaxes_each_file_comes_in_the_accepted_one()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var first = new SmallInstance();
        var second = first with { Instance = SyntheticSeries.NewUid(), InstanceNumber = "2" };
        await user.UploadAsync([DicomFile.ToArray(RenderedTests.Image(first))]);
        using var client = new DicomWebClient(user);
        var path = $"studies/{first.Study}/series/{first.Series}";
        var jpegLs = (await client.GetAsync($"{path}/instances/{first.Instance}", $"application/dicom; transfer-syntax={JpegLs}")).Body;
        var stored = Encoded(second, jpegLs);
        await user.UploadAsync([stored]);

        var answer = await client.GetAsync(path, $"{DicomWebClient.MultipartDicom}; transfer-syntax={JpegLs}");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(2, answer.Parts.Count);
        Assert.All(answer.Parts, p => Assert.Equal($"application/dicom; transfer-syntax={JpegLs}", p.ContentType));
        Assert.Contains(answer.Parts, p => p.Content.AsSpan().SequenceEqual(stored));
        Assert.Contains(answer.Parts, p => p.Content.AsSpan().SequenceEqual(jpegLs));
    }

    [SkippableTheory]
    [InlineData("rtdose_1frame.dcm", Jpeg2000)]
    [InlineData("MR_small.dcm", "1.2.840.10008.1.2.4.50")]
    [InlineData("MR_small.dcm", "1.2.840.10008.1.2.4.102")]
    [InlineData("test-SR.dcm", JpegLs)]
    public async Task A_syntax_that_cannot_be_made_is_not_acceptable_and_the_possible_ones_are_named(string name, string target)
    {
        var file = await StoredAsync(name);
        using var client = file.Client;
        var answer = await client.GetAsync(file.Path, $"application/dicom; transfer-syntax={target}");
        Assert.Equal((HttpStatusCode.NotAcceptable, "NOT_ACCEPTABLE"), (answer.Status, answer.Reason));
        Assert.Contains("1.2.840.10008.1.2", answer.Json.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Hostile_frames_get_typed_errors_and_the_gateway_serves_on()
    {
        var good = await StoredAsync("MR_small_jp2klossless.dcm");
        using var client = good.Client;
        var random = new Random(5);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var hostile = new DicomWebClient(user);
        for (var i = 0; i < 15; i++)
        {
            var bytes = good.Bytes.ToArray();
            var frame = DicomInstanceScanner.Scan(bytes).Frames[0];
            for (var n = 0; n < 8; n++) bytes[(int)frame.Offset + 4 + random.Next(Math.Min(300, (int)frame.Length - 4))] = (byte)random.Next(256);
            var instance = Encoded(new SmallInstance(), bytes);
            var info = DicomInstanceScanner.Scan(instance);
            await user.UploadAsync([instance]);
            var path = $"studies/{info.StudyInstanceUid}/series/{info.SeriesInstanceUid}/instances/{info.SopInstanceUid}";
            foreach (var answer in (DicomWebAnswer[])[await hostile.GetAsync(path + "/rendered"), await hostile.GetAsync(path, $"application/dicom; transfer-syntax={Explicit}")])
            {
                if (answer.Status != HttpStatusCode.OK) Assert.Contains(answer.Reason, (string[])["NOT_ACCEPTABLE", "LIMIT_EXCEEDED"]);
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(good.Path + "/rendered")).Status);
    }

    [SkippableFact]
    public async Task A_bomb_gets_the_typed_limit()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var instance = new SmallInstance();
        var dataset = RenderedTests.Image(instance).Set(DicomTags.Rows, 60_000d).Set(DicomTags.Columns, 60_000d).Set(DicomTags.NumberOfFrames, 1d);
        dataset.Remove(DicomTags.PixelData);
        byte[] rle = [2, 0, 0, 0, 64, 0, 0, 0, 66, 0, 0, 0, .. new byte[52], 0x81, 1, 0x81, 1];
        await user.UploadAsync([Encapsulated(dataset, "1.2.840.10008.1.2.5", rle)]);
        using var client = new DicomWebClient(user);
        var path = $"studies/{instance.Study}/series/{instance.Series}/instances/{instance.Instance}";
        Assert.Equal("LIMIT_EXCEEDED", (await client.GetAsync(path + "/rendered")).Reason);
        Assert.Equal("LIMIT_EXCEEDED", (await client.GetAsync(path, $"application/dicom; transfer-syntax={Explicit}")).Reason);
        Assert.Equal("LIMIT_EXCEEDED", (await client.GetAsync(path + "/frames/1", "multipart/related; type=\"application/octet-stream\"")).Reason);
    }

    [SkippableFact]
    public async Task A_long_instance_is_transcoded_without_being_in_memory()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var instance = new SmallInstance();
        const int Count = 400;
        var pixels = new byte[512 * 512 * 2];
        new Random(3).NextBytes(pixels.AsSpan(0, pixels.Length / 2));
        var dataset = RenderedTests.Image(instance).Set(DicomTags.Rows, 512d).Set(DicomTags.Columns, 512d).Set(DicomTags.BitsStored, 16d).Set(DicomTags.HighBit, 15d)
            .Set(DicomTags.NumberOfFrames, (double)Count);
        dataset.Remove(DicomTags.PixelData);
        await user.UploadAsync([DicomFile.ToArray(dataset.SetBytes(DicomTags.PixelData, DicomVR.OW, Enumerable.Repeat(pixels, Count).SelectMany(p => p).ToArray()))]);
        using var client = new DicomWebClient(user);
        var answer = await client.GetAsync($"studies/{instance.Study}/series/{instance.Series}/instances/{instance.Instance}", "application/dicom; transfer-syntax=1.2.840.10008.1.2.5");
        Assert.True(answer.Status == HttpStatusCode.OK);
        Assert.Equal(Count, DicomInstanceScanner.Scan(answer.Body).Frames.Count);
        Assert.True(ProcessState.Of(mesh, "gateway").ResidentBytes < 400L << 20, $"{ProcessState.Of(mesh, "gateway")}");
    }

    private sealed record StoredFile(byte[] Bytes, string Path, string Instance, DicomWebClient Client);

    private async Task<StoredFile> StoredAsync(string name)
    {
        var bytes = await File.ReadAllBytesAsync(PydicomReference.FileNamed(name));
        var info = DicomInstanceScanner.Scan(bytes);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync([bytes]);
        return new StoredFile(bytes, $"studies/{info.StudyInstanceUid}/series/{info.SeriesInstanceUid}/instances/{info.SopInstanceUid}", info.SopInstanceUid, new DicomWebClient(user));
    }

    private static byte[] PixelsOf(byte[] file, int frame)
    {
        var location = DicomInstanceScanner.Scan(file).Frames[frame];
        return file.AsSpan((int)location.Offset, (int)location.Length).ToArray();
    }

    /// <summary>The encapsulated pixels of a file under other identifiers.</summary>
    private static byte[] Encoded(SmallInstance instance, byte[] source)
    {
        var info = DicomInstanceScanner.Scan(source);
        var dataset = instance.Dataset;
        foreach (var element in info.Dataset.Where(e => e.Tag.Group == 0x0028 && e.Bulk is null)) dataset.Set(element);
        var frames = Enumerable.Range(0, info.Frames.Count).Select(i => PixelsOf(source, i)).ToArray();
        return Encapsulated(dataset, info.TransferSyntaxUid, frames);
    }

    private static byte[] Encapsulated(DicomDataset dataset, string syntax, params byte[][] frames)
    {
        var meta = new System.Buffers.ArrayBufferWriter<byte>();
        new DicomWriter(meta).WriteElement(new DicomElement(DicomTags.TransferSyntaxUID, DicomVR.UI, System.Text.Encoding.ASCII.GetBytes(syntax)));
        var body = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new DicomWriter(body);
        writer.WriteDataset(dataset);
        writer.WriteHeader(DicomTags.PixelData, DicomVR.OB, 0xFFFFFFFF);
        byte[] items = [.. frames.Prepend([]).SelectMany(f => (byte[])[0xFE, 0xFF, 0x00, 0xE0, .. BitConverter.GetBytes(f.Length + (f.Length & 1)), .. f, .. new byte[f.Length & 1]])];
        return [.. new byte[128], .. "DICM"u8, .. meta.WrittenSpan, .. body.WrittenSpan, .. items, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    }
}
