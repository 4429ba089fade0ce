using System.Buffers;

namespace MedCloudCare.Dicom.Tests;

public sealed class FrameIndexTests
{
    private const string Jpeg = "1.2.840.10008.1.2.4.50";
    private static readonly byte[] Soi = [0xFF, 0xD8, 1, 2];
    private static readonly byte[] More = [3, 4];

    [Fact]
    public void Bit_packed_frames_are_moved_to_bit_0()
    {
        // 3 × 5 pixels of one bit: frame n begins at bit 15 n (PS3.5 §8.1.1).
        var random = new Random(5);
        var bits = Enumerable.Range(0, 4 * 15).Select(_ => random.Next(2) == 1).ToArray();
        var pixels = new byte[8];
        for (var i = 0; i < bits.Length; i++) if (bits[i]) pixels[i / 8] |= (byte)(1 << (i % 8));
        var file = DicomFile.ToArray(SampleFiles.Image(3, 5, 4, 1).SetBytes(DicomTags.PixelData, DicomVR.OB, pixels));
        var index = DicomInstanceScanner.Scan(file).Frames;

        Assert.Equal(4, index.Count);
        for (var frame = 0; frame < 4; frame++)
        {
            Assert.Equal(15 * frame % 8, index[frame].BitOffset);
            var bytes = Read(file, index[frame]);
            Assert.Equal(2, bytes.Length);
            Assert.Equal(bits.Skip(frame * 15).Take(15), Enumerable.Range(0, 15).Select(i => (bytes[i / 8] >> (i % 8) & 1) == 1));
            Assert.Equal(0, bytes[1] & 0x80);
        }
    }

    [Fact]
    public void A_basic_offset_table_assigns_fragments()
    {
        var file = Encapsulated(2, [0, 0, 0, 0, 22, 0, 0, 0], Soi, More, Soi);
        AssertFrames(file, [.. Soi, .. More], Soi);
    }

    [Fact]
    public void An_extended_offset_table_assigns_fragments()
    {
        var table = new byte[16];
        table[8] = 20;
        var file = Encapsulated(2, [], dataset => dataset.SetBytes(DicomTags.ExtendedOffsetTable, DicomVR.OV, table), More, More, More);
        AssertFrames(file, [.. More, .. More], More, lengthOfFirst: 2 + 8 + 2, offsetOfSecond: 20);
    }

    [Fact]
    public void Code_stream_starts_assign_fragments_where_tables_are_missing_or_wrong()
    {
        AssertFrames(Encapsulated(2, [], Soi, More, Soi), [.. Soi, .. More], Soi);
        AssertFrames(Encapsulated(2, [0, 0, 0, 0, 21, 0, 0, 0], Soi, More, Soi), [.. Soi, .. More], Soi);
    }

    [Fact]
    public void One_fragment_a_frame_needs_no_table() => AssertFrames(Encapsulated(2, [], More, Soi), More, Soi);

    [Fact]
    public void All_fragments_are_the_frame_of_a_single_frame() => AssertFrames(Encapsulated(1, [], Soi, More, Soi), [.. Soi, .. More, .. Soi]);

    [Fact]
    public void Fragments_that_cannot_be_assigned_make_no_frames() => Assert.Equal(0, DicomInstanceScanner.Scan(Encapsulated(3, [], More, More)).Frames.Count);

    [Fact]
    public void Video_is_one_stream()
    {
        var file = Encapsulated(100, [], _ => { }, "1.2.840.10008.1.2.4.102", Soi, More);
        var index = DicomInstanceScanner.Scan(file).Frames;
        Assert.Equal((FrameLayout.Stream, 1), (index.Layout, index.Count));
        Assert.Equal([.. Soi, .. More], Read(file, index[0]));
    }

    [Fact]
    public void Missing_frames_are_not_indexed()
    {
        var file = DicomFile.ToArray(SampleFiles.Image(4, 4, 10).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[3 * 32]));
        var index = DicomInstanceScanner.Scan(file).Frames;
        Assert.Equal(3, index.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => index[3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => index[-1]);
    }

    [Fact]
    public void Deflated_files_say_so()
    {
        var dataset = SampleFiles.Image(2, 2, 1).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 });
        var inflated = SampleFiles.Explicit(dataset);
        var info = DicomInstanceScanner.Scan(SampleFiles.WithSyntax(TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, SampleFiles.Deflate(inflated)));
        Assert.True(info.IsInflated && info.Frames.IsInflated);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Read(inflated, info.Frames[0]));
    }

    [Fact]
    public void Other_bytes_are_no_index()
    {
        Assert.Throws<InvalidDataException>(() => FrameIndex.FromBytes([9, 9, 9, 9]));
        Assert.Throws<InvalidDataException>(() => FrameIndex.FromBytes([1, 2, 0, 200, 200]));
    }

    private static void AssertFrames(byte[] file, byte[] first, byte[]? second = null, long? lengthOfFirst = null, long? offsetOfSecond = null)
    {
        var index = FrameIndex.FromBytes(DicomInstanceScanner.Scan(file).Frames.ToBytes());
        if (second is null)
        {
            Assert.Equal(1, index.Count);
            Assert.Equal(first, Read(file, index[0]));
            return;
        }

        Assert.Equal(2, index.Count);
        Assert.Equal(first, Read(file, index[0]));
        Assert.Equal(second, Read(file, index[1]));
        if (lengthOfFirst is not null) Assert.Equal(lengthOfFirst, index[0].Length);
        if (offsetOfSecond is not null) Assert.Equal(offsetOfSecond, index[1].Offset - index[0].Offset);
    }

    private static byte[] Encapsulated(int frames, byte[] table, params byte[][] fragments) => Encapsulated(frames, table, _ => { }, Jpeg, fragments);

    private static byte[] Encapsulated(int frames, byte[] table, Action<DicomDataset> change, params byte[][] fragments) => Encapsulated(frames, table, change, Jpeg, fragments);

    private static byte[] Encapsulated(int frames, byte[] table, Action<DicomDataset> change, string syntax, params byte[][] fragments)
    {
        var dataset = SampleFiles.Image(2, 2, frames, 8);
        change(dataset);
        static byte[] Item(byte[] value) => [0xFE, 0xFF, 0, 0xE0, (byte)value.Length, 0, 0, 0, .. value];
        return SampleFiles.WithSyntax(syntax,
        [
            .. SampleFiles.Explicit(dataset), 0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
            .. Item(table), .. fragments.SelectMany(Item), 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
        ]);
    }

    private static byte[] Read(byte[] source, FrameLocation frame)
    {
        var output = new ArrayBufferWriter<byte>();
        frame.Assemble(source.AsSpan((int)frame.Offset, (int)frame.Length), output);
        return output.WrittenSpan.ToArray();
    }
}
