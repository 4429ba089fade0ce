using System.Buffers.Binary;
using System.Diagnostics;

namespace MedCloudCare.Dicom.Tests;

public sealed class HostileFileTests
{
    private static readonly DicomReadOptions AnyFile = new() { RequireIdentifiers = false };

    [Fact]
    public void A_file_cut_at_any_byte_is_refused_with_a_type_or_ends_after_an_element()
    {
        var file = SampleFiles.ImageFile();
        var accepted = 0;
        for (var length = 0; length < file.Length; length++)
        {
            using var scanner = new DicomInstanceScanner(AnyFile);
            try
            {
                scanner.Write(file.AsSpan(0, length));
                var info = scanner.Complete();
                accepted++;
                Assert.Equal(0, info.Frames.Count);
            }
            catch (DicomException e)
            {
                Assert.True(e.Error is DicomError.Truncated or DicomError.NotDicom, $"{length}: {e.Error}");
            }
        }

        // Cuts between elements of the root: what is there is whole. The first one is the cut after the meta group.
        Assert.Equal(DicomInstanceScanner.Scan(file).Dataset.Count, accepted);
    }

    [Theory]
    [InlineData(true, DicomError.LengthBeyondEnd)]
    [InlineData(false, DicomError.Truncated)]
    public void Two_gigabytes_claimed_by_a_kilobyte_cost_nothing(bool isLengthKnown, DicomError error)
    {
        byte[] dataset = [.. SampleFiles.Explicit(SampleFiles.Identified()), 0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'W', 0, 0, 0, 0, 0, 0x80, .. new byte[600]];
        var file = SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, dataset);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var scanner = new DicomInstanceScanner(totalLength: isLengthKnown ? file.Length : null);
        var refusal = Assert.Throws<DicomException>(() =>
        {
            scanner.Write(file);
            scanner.Complete();
        });
        Assert.Equal(error, refusal.Error);
        Assert.Equal("7FE00010", refusal.Path);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hundred_thousand_nested_sequences_are_refused_where_the_limit_is(bool isUnknown)
    {
        byte[] level = isUnknown
            ? [0x08, 0x00, 0x40, 0x11, (byte)'U', (byte)'N', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]
            : [0x08, 0x00, 0x40, 0x11, (byte)'S', (byte)'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF];
        byte[] inner = isUnknown ? [0x08, 0x00, 0x40, 0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF] : level;
        byte[] nested = [.. level, .. Enumerable.Repeat(inner, 100_000).SelectMany(x => x)];
        var refusal = Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, nested)));
        Assert.Equal(DicomError.TooDeep, refusal.Error);
        Assert.StartsWith("00081140/0/00081140/0/", refusal.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void The_deepest_nesting_allowed_is_read_and_written_as_JSON()
    {
        var dataset = new DicomDataset().Set(DicomTags.ReferencedSOPInstanceUID, "1.2.3");
        for (var i = 0; i < DicomReadOptions.Default.MaxDepth; i++) dataset = new DicomDataset().SetItems(DicomTags.ReferencedSeriesSequence, dataset);
        var info = DicomInstanceScanner.Scan(SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, SampleFiles.Explicit(dataset)), AnyFile);
        Assert.Equal(info.Json.ToArray(), DicomDataset.FromJson(info.Json.Span).ToJson());
    }

    [Fact]
    public void A_deflate_bomb_is_refused_early()
    {
        byte[] header = [.. SampleFiles.Explicit(SampleFiles.Identified()), 0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'W', 0, 0, 0, 0, 0, 0x40];
        var file = SampleFiles.WithSyntax(TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, SampleFiles.Deflate([.. header, .. new byte[256 << 20]]));
        var watch = Stopwatch.StartNew();
        var refusal = Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file));
        Assert.Equal(DicomError.InflatedTooLarge, refusal.Error);
        Assert.InRange(refusal.Offset, 0, file.Length * 260L);
        Assert.Equal(DicomError.InflatedTooLarge, Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file, new DicomReadOptions { MaxInflatedBytes = 1000 })).Error);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public void Corrupt_deflate_data_is_refused()
    {
        var file = SampleFiles.WithSyntax(TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        Assert.Equal(DicomError.CorruptDeflate, Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file)).Error);
    }

    [Fact]
    public void Counts_and_sizes_are_limited()
    {
        byte[] items = [0x08, 0x00, 0x40, 0x11, (byte)'S', (byte)'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, .. Enumerable.Repeat<byte[]>([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0], 1001).SelectMany(x => x)];
        var file = SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, items);
        Assert.Equal(DicomError.TooManyElements, Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file, new DicomReadOptions { MaxElements = 1000 })).Error);

        var large = SampleFiles.Identified().Set(DicomTags.DerivationDescription, new string('x', 1000)).Set(DicomTags.ImageComments, new string('y', 1000));
        Assert.Equal(DicomError.MetadataTooLarge, Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(DicomFile.ToArray(large), new DicomReadOptions { MaxMetadataBytes = 1800 })).Error);
    }

    [Fact]
    public void Elements_in_descending_order_take_no_quadratic_time()
    {
        var bytes = new byte[8 * 500_000];
        for (var i = 0; i < 500_000; i++)
        {
            var tag = 0x60000000u - (uint)i;
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 8), (ushort)(tag >> 16));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((i * 8) + 2), (ushort)tag);
            "CS"u8.CopyTo(bytes.AsSpan((i * 8) + 4));
        }

        var watch = Stopwatch.StartNew();
        var info = DicomInstanceScanner.Scan(SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, bytes), AnyFile);
        Assert.Equal(500_000, info.Dataset.Count);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
    }

    [Theory]
    [InlineData("00080018", DicomError.MissingSopInstanceUid)]
    [InlineData("00080016", DicomError.MissingSopClassUid)]
    [InlineData("0020000D", DicomError.MissingStudyInstanceUid)]
    [InlineData("0020000E", DicomError.MissingSeriesInstanceUid)]
    public void Files_that_cannot_be_identified_are_refused(string tag, DicomError error)
    {
        var dataset = SampleFiles.Identified();
        dataset.Remove(DicomTag.Parse(tag));
        var file = SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, SampleFiles.Explicit(dataset));
        var refusal = Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file));
        Assert.Equal((error, tag), (refusal.Error, refusal.Path));
    }

    [Fact]
    public void A_UID_with_a_path_in_it_is_refused_and_not_repeated()
    {
        var dataset = SampleFiles.Identified().Set(DicomTags.StudyInstanceUID, "../../etc/passwd");
        var file = SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, SampleFiles.Explicit(dataset));
        var refusal = Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(file));
        Assert.Equal(DicomError.InvalidUid, refusal.Error);
        Assert.DoesNotContain("etc", refusal.Message, StringComparison.Ordinal);
    }
}
