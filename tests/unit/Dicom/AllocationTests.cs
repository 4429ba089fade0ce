using Xunit.Abstractions;

namespace MedCloudCare.Dicom.Tests;

public sealed class AllocationTests(ITestOutputHelper output)
{
    [Fact]
    public void Scanning_fifty_megabytes_in_64_KiB_chunks_allocates_under_two()
    {
        var dataset = SampleFiles.Image(512, 512, 96);
        byte[] header = [.. SampleFiles.Explicit(dataset), 0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'W', 0, 0, .. BitConverter.GetBytes(96 * 512 * 512 * 2)];
        var start = SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, header);
        var chunk = new byte[64 << 10];
        DicomInstanceScanner.Scan(SampleFiles.ImageFile());

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var scanner = new DicomInstanceScanner();
        scanner.Write(start);
        for (var i = 0; i < 96 * 512 * 512 * 2 / chunk.Length; i++) scanner.Write(chunk);
        var info = scanner.Complete();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        output.WriteLine($"{allocated} bytes for a file of {info.FileLength}");
        Assert.Equal(96, info.Frames.Count);
        Assert.Equal(info.FileLength, info.Frames[95].Offset + info.Frames[95].Length);
        Assert.InRange(allocated, 0, 2_000_000);
    }

    [Fact]
    public void Looking_up_the_dictionary_allocates_nothing()
    {
        DicomDictionary.VROf(DicomTags.PatientName);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            DicomDictionary.VROf(DicomTags.PatientName);
            DicomDictionary.TryGetTag("PixelSpacing", out _);
            DicomDictionary.VROf(new DicomTag(0x6012, 0x3000));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
