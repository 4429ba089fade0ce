using CsCheck;
using MedCloudCare.Dicom;
using MedCloudCare.Sealing;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class FrameTests(PostgresFixture postgres)
{
    private readonly Guid _doctor = Guid.NewGuid();

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Native_frames_are_slices_of_the_pixel_data_also_when_the_file_is_deflated(bool deflated)
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        DicomDataset dataset = SampleFile.Dataset(DicomUid.Create(), DicomUid.Create(), DicomUid.Create(), rows: 200, columns: 300, frames: 5);
        byte[] pixels = dataset.Find(DicomTags.PixelData)!.Value.ToArray();
        string instance = dataset.GetString(DicomTags.SOPInstanceUID)!;
        Assert.Equal(Study.V1.InstanceResult.Types.Outcome.Stored, Assert.Single(await archive.UploadAsync(_doctor, [deflated ? EncodedFile.Deflate(dataset) : SampleFile.Of(dataset)])).Outcome);
        const int Frame = 200 * 300 * 2;
        foreach (int frame in (int[])[4, 0, 2])
        {
            Assert.Equal(pixels[(frame * Frame)..((frame + 1) * Frame)], await FrameAsync(archive, instance, frame));
        }
    }

    [SkippableFact]
    public async Task Frames_of_one_bit_start_at_a_byte_boundary()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        DicomDataset dataset = SampleFile.Dataset(DicomUid.Create(), DicomUid.Create(), DicomUid.Create(), rows: 3, columns: 5, frames: 7);
        dataset.Set(DicomTags.BitsAllocated, 1.0);
        dataset.Set(DicomTags.BitsStored, 1.0);
        dataset.Set(DicomTags.HighBit, 0.0);
        byte[] packed = new byte[14];
        new Random(5).NextBytes(packed);
        dataset.SetBytes(DicomTags.PixelData, DicomVR.OB, packed);
        await archive.UploadAsync(_doctor, [SampleFile.Of(dataset)]);
        for (int frame = 0; frame < 7; frame++)
        {
            byte[] read = await FrameAsync(archive, dataset.GetString(DicomTags.SOPInstanceUID)!, frame);
            Assert.Equal(2, read.Length);
            for (int bit = 0; bit < 16; bit++)
            {
                int expected = bit < 15 ? (packed[((frame * 15) + bit) / 8] >> (((frame * 15) + bit) % 8)) & 1 : 0;
                Assert.Equal(expected, (read[bit / 8] >> (bit % 8)) & 1);
            }
        }
    }

    [SkippableFact]
    public async Task The_fragments_of_an_encapsulated_frame_are_joined_without_their_headers()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        DicomDataset dataset = SampleFile.Dataset(DicomUid.Create(), DicomUid.Create(), DicomUid.Create());
        byte[] first = new byte[70_000], second = new byte[30];
        new Random(1).NextBytes(first);
        new Random(2).NextBytes(second);
        await archive.UploadAsync(_doctor, [EncodedFile.Encapsulated(dataset, first, second)]);
        Assert.Equal((byte[])[.. first, .. second], await FrameAsync(archive, dataset.GetString(DicomTags.SOPInstanceUID)!, 0));
    }

    [Fact]
    public void Aligning_bits_piece_by_piece_equals_moving_them_one_by_one() =>
        Gen.Select(Gen.Byte.Array[1, 60], Gen.Int[0, 7], Gen.Int[1, 20]).Sample((bytes, offset, chunk) =>
        {
            long bits = Math.Max(1, (bytes.Length * 8L) - offset - (bytes.Length % 8));
            BitAligner aligner = new(offset, bits);
            List<byte> made = [];
            byte[] buffer = new byte[chunk + 1];
            int needed = (int)((offset + bits + 7) / 8);
            for (int at = 0; at < needed; at += chunk)
            {
                made.AddRange(buffer.AsSpan(0, aligner.Align(bytes.AsSpan(at, Math.Min(chunk, needed - at)), buffer)));
            }

            made.AddRange(buffer.AsSpan(0, aligner.End(buffer)));
            byte[] expected = new byte[(bits + 7) / 8];
            for (int i = 0; i < bits; i++)
            {
                expected[i / 8] |= (byte)(((bytes[(i + offset) / 8] >> ((i + offset) % 8)) & 1) << (i % 8));
            }

            Assert.Equal(expected, made);
        });

    private async Task<byte[]> FrameAsync(Archive archive, string instance, int frame)
    {
        StoredInstance stored = await StoredInstance.RequireAsync(archive.Database, Archive.CallerOf(_doctor), "", "", instance, CancellationToken.None);
        using DataKey key = await archive.Keys.GetAsync(stored.StudyId);
        InstanceLayout layout = InstanceLayout.FromBytes(key.OpenRow(stored.SealedLayout, StudySeals.Layout(stored.Id)));
        using StoredFile file = StoredFile.Open(archive.Store, stored, key);
        using MemoryStream bytes = new();
        await foreach (ReadOnlyMemory<byte> piece in FrameReader.ReadAsync(file, layout, layout.Frames[frame], CancellationToken.None))
        {
            Assert.InRange(piece.Length, 1, 64 << 10);
            bytes.Write(piece.Span);
        }

        Assert.Equal(FrameReader.SizeOf(layout.Frames[frame]), bytes.Length);
        return bytes.ToArray();
    }
}
