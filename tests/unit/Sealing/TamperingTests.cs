namespace MedCloudCare.Sealing.Tests;

public sealed class TamperingTests : IDisposable
{
    private readonly DataKey _key = DataKey.CreateEphemeral();

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task Every_flipped_bit_of_a_stream_of_several_segments_is_detected()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(300), layout: Streams.Small);
        for (int bit = 0; bit < stream.Length * 8; bit++)
        {
            stream[bit / 8] ^= (byte)(1 << (bit % 8));
            SealedDataReason reason = await Streams.RefusalAsync(_key, stream, layout: Streams.Small);
            Assert.Equal(bit < 8 ? SealedDataReason.Malformed : SealedDataReason.Tampered, reason);
            stream[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        await Streams.OpenAsync(_key, stream, layout: Streams.Small);
    }

    [Fact]
    public async Task Every_flipped_bit_near_the_edges_of_full_size_segments_is_detected()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(140_000));
        int[] edges = [0, 40, 65520, 65536, 131056, 131072, stream.Length - 16];
        foreach (int bit in edges.SelectMany(e => Enumerable.Range(e * 8, 16 * 8)))
        {
            stream[bit / 8] ^= (byte)(1 << (bit % 8));
            await Streams.RefusalAsync(_key, stream);
            stream[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public async Task Every_truncation_and_every_extension_is_detected()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(300), layout: Streams.Small);
        for (int length = 0; length < stream.Length; length++)
        {
            SealedDataReason reason = await Streams.RefusalAsync(_key, stream.AsMemory(0, length), layout: Streams.Small);
            if (length % Streams.Small.SegmentLength == 0)
            {
                Assert.Equal(SealedDataReason.Truncated, reason);
            }
        }

        for (int more = 1; more < 200; more++)
        {
            await Streams.RefusalAsync(_key, (byte[])[.. stream, .. new byte[more]], layout: Streams.Small);
        }
    }

    [Fact]
    public async Task A_source_shorter_than_its_recorded_length_is_truncated()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(300), layout: Streams.Small);
        for (int length = 40; length < stream.Length; length++)
        {
            MemorySealedSource source = new(stream.AsMemory(0, length));
            using SealedStreamReader reader = new(_key, Streams.Identity, stream.AsSpan(0, 40), stream.Length, Streams.Small);
            SealedDataException refused = await Assert.ThrowsAsync<SealedDataException>(
                async () => await reader.ReadExactlyAsync(source, 0, new byte[reader.Length]));
            Assert.Equal(SealedDataReason.Truncated, refused.Reason);
        }
    }

    [Fact]
    public async Task Reordered_repeated_and_dropped_segments_are_detected()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(500), layout: Streams.Small);
        byte[][] segments = [.. stream.Chunk(Streams.Small.SegmentLength)];
        for (int i = 1; i < segments.Length - 1; i++)
        {
            for (int j = i + 1; j < segments.Length - 1; j++)
            {
                byte[][] swapped = [.. segments];
                (swapped[i], swapped[j]) = (swapped[j], swapped[i]);
                Assert.Equal(SealedDataReason.Tampered, await Streams.RefusalAsync(_key, Join(swapped), layout: Streams.Small));
                byte[][] repeated = [.. segments];
                repeated[j] = repeated[i];
                Assert.Equal(SealedDataReason.Tampered, await Streams.RefusalAsync(_key, Join(repeated), layout: Streams.Small));
            }

            byte[][] dropped = [.. segments[..i], .. segments[(i + 1)..]];
            Assert.Equal(SealedDataReason.Tampered, await Streams.RefusalAsync(_key, Join(dropped), layout: Streams.Small));
        }
    }

    [Fact]
    public async Task Segments_of_another_stream_of_the_same_key_are_detected()
    {
        byte[] plaintext = Streams.Random(300);
        byte[][] one = [.. Streams.Seal(_key, plaintext, layout: Streams.Small).Chunk(96)];
        byte[][] other = [.. Streams.Seal(_key, plaintext, layout: Streams.Small).Chunk(96)];
        for (int i = 0; i < one.Length; i++)
        {
            byte[][] mixed = [.. one];
            mixed[i] = other[i];
            Assert.Equal(SealedDataReason.Tampered, await Streams.RefusalAsync(_key, Join(mixed), layout: Streams.Small));
        }
    }

    [Fact]
    public async Task An_instance_put_in_the_place_of_another_is_detected()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(300), AssociatedData.Of("instance", "1.2.3"));
        Assert.Equal(SealedDataReason.Tampered, await Streams.RefusalAsync(_key, stream, AssociatedData.Of("instance", "1.2.4")));
    }

    [Fact]
    public async Task Another_study_s_key_opens_nothing()
    {
        using DataKey other = DataKey.CreateEphemeral();
        byte[] stream = Streams.Seal(_key, Streams.Random(300));
        Assert.Equal(SealedDataReason.Tampered, await Streams.RefusalAsync(other, stream));
    }

    [Fact]
    public async Task Nothing_of_a_tampered_segment_is_released()
    {
        byte[] plaintext = Streams.Random(200_000);
        byte[] stream = Streams.Seal(_key, plaintext);
        stream[65536 + 1000] ^= 1;
        using SealedStreamReader reader = new(_key, Streams.Identity, stream.AsSpan(0, 40), stream.Length);
        byte[] opened = new byte[plaintext.Length];
        await Assert.ThrowsAsync<SealedDataException>(async () => await reader.ReadExactlyAsync(new MemorySealedSource(stream), 0, opened));
        Assert.Equal(plaintext.AsSpan(0, 65480), opened.AsSpan(0, 65480));
        Assert.False(opened.AsSpan(65480).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Every_flipped_bit_and_every_truncation_of_a_row_is_detected()
    {
        byte[] place = AssociatedData.ForColumn("study", Guid.NewGuid(), "patient_name");
        byte[] row = _key.SealRow("Müller^Jürgen"u8, place);
        Assert.Equal("Müller^Jürgen"u8, _key.OpenRow(row, place));
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            row[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<SealedDataException>(() => _key.OpenRow(row, place));
            row[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < row.Length; length++)
        {
            Assert.Throws<SealedDataException>(() => _key.OpenRow(row.AsSpan(0, length), place));
        }
    }

    [Fact]
    public void A_row_moved_to_another_table_row_or_column_is_detected()
    {
        Guid id = Guid.NewGuid();
        byte[] row = _key.SealRow("x"u8, AssociatedData.ForColumn("study", id, "patient_name"));
        foreach (byte[] place in (byte[][])[
            AssociatedData.ForColumn("series", id, "patient_name"),
            AssociatedData.ForColumn("study", Guid.NewGuid(), "patient_name"),
            AssociatedData.ForColumn("study", id, "patient_id"), []])
        {
            Assert.Equal(SealedDataReason.Tampered, Assert.Throws<SealedDataException>(() => _key.OpenRow(row, place)).Reason);
        }

        using DataKey other = DataKey.CreateEphemeral();
        Assert.Throws<SealedDataException>(() => other.OpenRow(row, AssociatedData.ForColumn("study", id, "patient_name")));
    }

    [Fact]
    public void Associated_data_cannot_be_read_two_ways()
    {
        Assert.NotEqual(AssociatedData.Of("ab", "c"), AssociatedData.Of("a", "bc"));
        Assert.NotEqual(AssociatedData.Of("a", ""), AssociatedData.Of("a"));
        Assert.Throws<ArgumentException>(() => AssociatedData.Of(new string('x', 70_000)));
    }

    private static byte[] Join(byte[][] segments) => [.. segments.SelectMany(s => s)];
}
