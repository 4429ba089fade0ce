using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using MedCloudCare.Gateway.DicomWeb.Store;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class MultipartReaderTests
{
    private const string Boundary = "a=_b'c";

    // Bytes and pieces that look like the beginning of a boundary.
    private static readonly Gen<byte[]> Payload = Gen.OneOf(
            Gen.Const("\r\n"u8.ToArray()), Gen.Const("\r"u8.ToArray()), Gen.Const("--"u8.ToArray()), Gen.Const("\r\n--"u8.ToArray()),
            Gen.Const("\r\n--a=_b"u8.ToArray()), Gen.Const("--a=_b'"u8.ToArray()), Gen.Byte.Array[0, 40], Gen.Byte.Array[30_000, 90_000])
        .Array[0, 8].Select(pieces => pieces.SelectMany(p => p).ToArray())
        .Where(payload => new[] { (byte)'\r', (byte)'\n' }.Concat(payload).ToArray().AsSpan().IndexOf("\r\n--a=_b'c"u8) < 0);

    [Fact]
    public void Parts_come_out_as_they_went_in_however_the_body_is_divided() =>
        Gen.Select(Payload.Array[1, 6], Gen.Int[1, 70_000], Gen.Bool).Sample(
            (parts, chunk, blanks) => Assert.Equal(parts, ReadAll(Body(parts, blanks ? " \t" : ""), chunk)), iter: 100);

    [Fact]
    public void A_body_read_byte_by_byte_is_the_same() =>
        Payload.Where(p => p.Length < 2000).Array[1, 3].Sample(parts => Assert.Equal(parts, ReadAll(Body(parts, ""), 1)), iter: 100);

    [Fact]
    public void Preamble_and_epilogue_are_skipped()
    {
        byte[] body = [.. "hello\r\n"u8, .. Body([[1, 2, 3]], ""), .. "good bye"u8];
        Assert.Equal([[1, 2, 3]], ReadAll(body, 7));
    }

    [Fact]
    public void A_part_without_a_body_is_empty_with_and_without_its_own_line_end()
    {
        Assert.Equal([[], []], ReadAll("--b\r\nA: 1\r\n\r\n--b\r\nA: 1\r\n\r\n\r\n--b--"u8.ToArray(), 5, "b"));
        Assert.Equal([[]], ReadAll("--b\r\n\r\n--b--"u8.ToArray(), 5, "b"));
    }

    [Fact]
    public async Task Headers_are_read_by_name_with_folded_lines_joined()
    {
        using var body = new MemoryStream("--b\r\nContent-TYPE: application/dicom;\r\n transfer-syntax=*\r\nContent-Length : 3\r\n\r\nabc\r\n--b--"u8.ToArray());
        using var reader = new MultipartReader(body, "b", 10);
        var headers = await reader.ReadPartAsync(default);
        Assert.Equal("application/dicom; transfer-syntax=*", headers!["content-type"]);
        Assert.Equal("3", headers["content-length"]);
    }

    [Fact]
    public async Task What_is_left_of_a_part_is_skipped_when_the_next_one_is_asked_for()
    {
        using var reader = new MultipartReader(new MemoryStream(Body([new byte[200_000], [7]], "")), Boundary, 10);
        await reader.ReadPartAsync(default);
        await reader.ReadPartAsync(default);
        Assert.Equal([7], (await reader.ReadBodyAsync(default)).ToArray());
        Assert.Null(await reader.ReadPartAsync(default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no boundary at all")]
    [InlineData("--b")]
    [InlineData("--b\r\n")]
    [InlineData("--b\r\nA: 1\r\n")]
    [InlineData("--b\r\nA: 1\r\n\r\nbody without an end")]
    [InlineData("--b\r\nA: 1\r\n\r\nbody\r\n--b")]
    [InlineData("--bc\r\nA: 1\r\n\r\nbody\r\n--b--")]
    [InlineData("--b\r\nno colon\r\n\r\nbody\r\n--b--")]
    [InlineData("--b\r\n: no name\r\n\r\nbody\r\n--b--")]
    [InlineData("--b\r\nA: 1\r\na: 2\r\n\r\nbody\r\n--b--")]
    public async Task A_malformed_body_is_refused(string body) =>
        await Assert.ThrowsAsync<MultipartException>(() => ReadAllAsync(Encoding.ASCII.GetBytes(body), 3, "b", 10));

    [Theory]
    [InlineData("")]
    [InlineData("ends with a blank ")]
    [InlineData("line\r\nend")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123412345678901234567890123456789012345678901234567890123456789012345")]
    public void A_boundary_that_is_none_is_refused(string boundary) =>
        Assert.Throws<MultipartException>(() => new MultipartReader(Stream.Null, boundary, 1));

    [Fact]
    public async Task More_parts_than_allowed_are_refused()
    {
        Assert.Equal(3, (await ReadAllAsync(Body([[1], [2], [3]], ""), 100, Boundary, 3)).Count);
        await Assert.ThrowsAsync<MultipartLimitException>(() => ReadAllAsync(Body([[1], [2], [3], [4]], ""), 100, Boundary, 3));
    }

    [Fact]
    public async Task Headers_without_end_and_preambles_without_end_are_refused_early()
    {
        var endless = new EndlessStream("--b\r\nA: "u8.ToArray());
        await Assert.ThrowsAnyAsync<MultipartException>(() => ReadAllAsync(endless, "b", 10));
        Assert.InRange(endless.Read, 0, 1_000_000);
        var noise = new EndlessStream([]);
        await Assert.ThrowsAnyAsync<MultipartException>(() => ReadAllAsync(noise, "b", 10));
        Assert.InRange(noise.Read, 0, 1_000_000);
    }

    [Fact]
    public async Task A_large_part_is_read_in_slices_of_at_most_256_KiB_without_keeping_it()
    {
        using var reader = new MultipartReader(new MemoryStream(Body([new byte[20_000_000]], "")), Boundary, 1);
        await reader.ReadPartAsync(default);
        await reader.ReadBodyAsync(default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        long total = 0;
        while (await reader.ReadBodyAsync(default) is { IsEmpty: false } slice)
        {
            Assert.InRange(slice.Length, 1, 256 * 1024);
            total += slice.Length;
        }

        Assert.InRange(total, 19_000_000, 20_000_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [SkippableFact]
    public async Task Pythons_email_package_reads_the_same_parts()
    {
        const string Python = "/usr/bin/python3";
        Skip.IfNot(File.Exists(Python), "needs " + Python);
        var directory = Directory.CreateTempSubdirectory("mcc-multipart-");
        try
        {
            var expected = new List<string[]>();

            // Python takes a boundary after any line end, the standard after CRLF alone.
            Payload.Where(p => p.AsSpan().IndexOf("--a=_b'c"u8) < 0).Array[1, 5].Sample(
                parts =>
                {
                    lock (expected)
                    {
                        File.WriteAllBytes(Path.Combine(directory.FullName, $"{expected.Count}.body"), Body(parts, expected.Count % 2 == 0 ? "" : " "));
                        File.WriteAllText(Path.Combine(directory.FullName, $"{expected.Count}.boundary"), Boundary);
                        var ours = ReadAll(File.ReadAllBytes(Path.Combine(directory.FullName, $"{expected.Count}.body")), 1000);
                        expected.Add([.. ours.Select(p => Convert.ToHexStringLower(SHA256.HashData(p)))]);
                    }
                },
                iter: 100, threads: 1);

            using var process = Process.Start(new ProcessStartInfo(Python, [Path.Combine(AppContext.BaseDirectory, "parse_multipart.py"), directory.FullName])
            {
                RedirectStandardOutput = true,
            })!;
            var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            Assert.Equal(expected, lines.Select(l => JsonSerializer.Deserialize<string[]>(l)!));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static byte[] Body(byte[][] parts, string blanks)
    {
        var body = new List<byte>();
        foreach (var part in parts)
        {
            body.AddRange(Encoding.ASCII.GetBytes($"--{Boundary}{blanks}\r\nContent-Type: application/dicom\r\n\r\n"));
            body.AddRange(part);
            body.AddRange("\r\n"u8);
        }

        body.AddRange(Encoding.ASCII.GetBytes($"--{Boundary}--\r\n"));
        return [.. body];
    }

    private static List<byte[]> ReadAll(byte[] body, int chunk, string boundary = Boundary) => ReadAllAsync(body, chunk, boundary, 100).GetAwaiter().GetResult();

    private static Task<List<byte[]>> ReadAllAsync(byte[] body, int chunk, string boundary, int maxParts) => ReadAllAsync(new DividedStream(body, chunk), boundary, maxParts);

    private static async Task<List<byte[]>> ReadAllAsync(Stream body, string boundary, int maxParts)
    {
        using var reader = new MultipartReader(body, boundary, maxParts);
        var parts = new List<byte[]>();
        while (await reader.ReadPartAsync(default) is not null)
        {
            var part = new List<byte>();
            while (await reader.ReadBodyAsync(default) is { IsEmpty: false } slice) part.AddRange(slice.Span);
            parts.Add([.. part]);
        }

        return parts;
    }

    /// <summary>Gives at most so many bytes a read, as a network does.</summary>
    private sealed class DividedStream(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, most)], cancellationToken);
    }

    private sealed class EndlessStream(byte[] head) : MemoryStream
    {
        private bool _begun;

        public new long Read { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            if (!_begun) head.CopyTo(buffer);
            _begun = true;
            Read += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
