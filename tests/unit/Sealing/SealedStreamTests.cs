using System.Buffers;
using System.IO.Pipelines;
using CsCheck;

namespace MedCloudCare.Sealing.Tests;

public sealed class SealedStreamTests : IDisposable
{
    private readonly DataKey _key = DataKey.CreateEphemeral();

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65479)]
    [InlineData(65480)]
    [InlineData(65481)]
    [InlineData(65480 + 65520)]
    [InlineData(65480 + 65520 + 1)]
    [InlineData(1_000_000)]
    public async Task A_stream_of_any_length_comes_back_and_has_the_length_foretold(int length)
    {
        byte[] plaintext = Streams.Random(length);
        foreach (int push in (int[])[1000, 65480, 65536, int.MaxValue])
        {
            byte[] stream = Streams.Seal(_key, plaintext, push: push);
            Assert.Equal(SealedLayout.Default.SealedLength(length), stream.Length);
            Assert.Equal(length, SealedLayout.Default.PlaintextLength(stream.Length));
            Assert.Equal(plaintext, await Streams.OpenAsync(_key, stream));
        }
    }

    [Fact]
    public async Task Any_push_pattern_and_any_range_give_the_slice_of_the_plaintext()
    {
        await Gen.Select(Gen.Byte.Array[0, 1000], Gen.Int[1, 300], Gen.Int[0, 1000], Gen.Int[0, 1000]).SampleAsync(async (plaintext, push, a, b) =>
        {
            int offset = Math.Min(a, plaintext.Length);
            int length = Math.Min(b, plaintext.Length - offset);
            await AssertRangeAsync(plaintext, offset, length, Streams.Small, push);
        });
    }

    [Fact]
    public async Task Any_range_of_a_large_stream_gives_the_slice_of_the_plaintext()
    {
        byte[] plaintext = Streams.Random(900_000);
        await Gen.Select(Gen.Int[0, plaintext.Length], Gen.Int[0, 400_000]).SampleAsync(
            (offset, length) => AssertRangeAsync(plaintext, offset, Math.Min(length, plaintext.Length - offset), SealedLayout.Default, 70_000),
            iter: 100);
    }

    [Fact]
    public async Task A_range_is_read_in_one_contiguous_pass_over_exactly_its_segments()
    {
        byte[] plaintext = Streams.Random(1000);
        byte[] stream = Streams.Seal(_key, plaintext, layout: Streams.Small);
        using SealedStreamReader reader = new(_key, Streams.Identity, stream.AsSpan(0, 40), stream.Length, Streams.Small);
        for (int offset = 0; offset <= plaintext.Length; offset += 37)
        {
            for (int length = 0; length <= plaintext.Length - offset; length += 61)
            {
                ByteRange place = reader.RangeOf(offset, length);
                using MemoryStream body = new(stream, (int)place.Offset, (int)place.Length);
                byte[] opened = new byte[length];
                await reader.ReadExactlyAsync(new SequentialSealedSource(body, place.Offset), offset, opened);
                Assert.Equal(plaintext[offset..(offset + length)], opened);
                Assert.Equal(body.Length, body.Position);
            }
        }
    }

    [Fact]
    public async Task A_range_outside_the_plaintext_is_refused()
    {
        byte[] stream = Streams.Seal(_key, Streams.Random(100));
        using SealedStreamReader reader = new(_key, Streams.Identity, stream.AsSpan(0, 40), stream.Length);
        MemorySealedSource source = new(stream);
        foreach ((long offset, int length) in ((long, int)[])[(-1L, 1), (101L, 0), (100L, 1), (0L, 101), (long.MaxValue, 1)])
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await reader.ReadExactlyAsync(source, offset, new byte[length]));
        }
    }

    [Fact]
    public async Task One_reader_serves_many_threads()
    {
        byte[] plaintext = Streams.Random(600_000);
        byte[] stream = Streams.Seal(_key, plaintext);
        using SealedStreamReader reader = new(_key, Streams.Identity, stream.AsSpan(0, 40), stream.Length);
        MemorySealedSource source = new(stream);
        await Parallel.ForAsync(0, 200, async (i, cancel) =>
        {
            int offset = i * 2500;
            byte[] opened = new byte[90_000];
            await reader.ReadExactlyAsync(source, offset, opened, cancel);
            Assert.Equal(plaintext[offset..(offset + opened.Length)], opened);
        });
    }

    [Fact]
    public async Task A_stream_within_a_file_is_copied_to_a_pipe_and_to_a_stream()
    {
        using TemporaryDirectory directory = new();
        byte[] plaintext = Streams.Random(300_000);
        byte[] stream = Streams.Seal(_key, plaintext);
        await File.WriteAllBytesAsync(directory["pack"], [.. Streams.Random(777), .. stream, .. Streams.Random(333)]);
        using var handle = File.OpenHandle(directory["pack"]);
        FileSealedSource source = new(handle, new ByteRange(777, stream.Length));
        using SealedStreamReader reader = await SealedStreamReader.OpenAsync(_key, Streams.Identity, source, stream.Length);

        using MemoryStream whole = new();
        await reader.CopyToAsync(source, 0, reader.Length, whole);
        Assert.Equal(plaintext, whole.ToArray());

        Pipe pipe = new();
        Task<bool> copying = Task.Run(async () =>
        {
            bool all = await reader.CopyToAsync(source, 10, 200_000, pipe.Writer);
            await pipe.Writer.CompleteAsync();
            return all;
        });
        using MemoryStream piped = new();
        await pipe.Reader.CopyToAsync(piped);
        Assert.True(await copying);
        Assert.Equal(plaintext[10..200_010], piped.ToArray());
    }

    [Fact]
    public async Task A_stream_that_was_not_completed_does_not_open_to_its_end()
    {
        ArrayBufferWriter<byte> output = new();
        using (SealedStreamWriter writer = new(_key, Streams.Identity, output))
        {
            writer.Write(Streams.Random(200_000));
        }

        Assert.Equal(SealedDataReason.Truncated, await Streams.RefusalAsync(_key, output.WrittenMemory));
    }

    [Fact]
    public void Two_streams_of_one_plaintext_share_nothing()
    {
        byte[] plaintext = new byte[10_000];
        byte[] one = Streams.Seal(_key, plaintext);
        byte[] other = Streams.Seal(_key, plaintext);
        Assert.False(one.AsSpan(1, 32).SequenceEqual(other.AsSpan(1, 32)));
        Assert.False(one.AsSpan(40, 64).SequenceEqual(other.AsSpan(40, 64)));
    }

    [Fact]
    public void A_length_that_no_stream_can_have_is_refused()
    {
        foreach (long length in (long[])[-1, 0, 1, 40, 55, 65536 + 1, 65536 + 16, (65536L << 32) + 17])
        {
            Assert.Equal(SealedDataReason.Truncated, Assert.Throws<SealedDataException>(() => SealedLayout.Default.PlaintextLength(length)).Reason);
        }
    }

    private async Task AssertRangeAsync(byte[] plaintext, int offset, int length, SealedLayout layout, int push)
    {
        byte[] stream = Streams.Seal(_key, plaintext, layout: layout, push: push);
        using SealedStreamReader reader = new(_key, Streams.Identity, stream.AsSpan(0, 40), stream.Length, layout);
        ArrayBufferWriter<byte> opened = new();
        await foreach (ReadOnlyMemory<byte> piece in reader.ReadAsync(new MemorySealedSource(stream), offset, length))
        {
            opened.Write(piece.Span);
        }

        Assert.Equal(plaintext[offset..(offset + length)], opened.WrittenSpan.ToArray());
    }
}
