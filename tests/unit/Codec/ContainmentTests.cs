using System.Diagnostics;
using Grpc.Core;
using MedCloudCare.Codecs;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sandbox;

namespace MedCloudCare.Codec.Tests;

[Collection(CodecCollection.Name)]
public sealed class ContainmentTests(CodecFixture fixture)
{
    private static readonly FrameFormat Small = EncodingTests.Format(32, 32, 16, 16, false, 1, "MONOCHROME2");

    [SkippableFact]
    public async Task The_process_has_no_network_no_capability_and_sees_no_data()
    {
        var codec = fixture.Codec;
        await codec.RecodeAsync(Request(Small, PixelCoding.Native, PixelCoding.Rle), new byte[Small.DecodedBytes], CancellationToken.None);
        var inside = Descendants(codec.Idle.First()).Where(p => CommandOf(p).Contains("MedCloudCare.Codec.dll", StringComparison.Ordinal) && !CommandOf(p).Contains("bwrap", StringComparison.Ordinal)).ToList();
        var process = Assert.Single(inside);

        var status = File.ReadAllLines($"/proc/{process}/status");
        Assert.Equal("0000000000000000", Field("CapEff"));
        Assert.Equal("0000000000000000", Field("CapBnd"));
        Assert.Equal("2", Field("Seccomp"));
        Assert.Equal("1", Field("NoNewPrivs"));
        if (SandboxLauncher.UsesHostUsers) Assert.NotEqual("0", Field("Uid").Split('\t')[0]);
        foreach (var name in (string[])["net", "mnt", "pid", "ipc", "user"])
        {
            Assert.NotEqual(new FileInfo($"/proc/self/ns/{name}").LinkTarget, new FileInfo($"/proc/{process}/ns/{name}").LinkTarget);
        }

        // Only the loopback interface, and that is down.
        Assert.DoesNotContain(File.ReadAllLines($"/proc/{process}/net/dev").Skip(2), l => !l.TrimStart().StartsWith("lo:", StringComparison.Ordinal));
        var root = Directory.GetFileSystemEntries($"/proc/{process}/root").Select(Path.GetFileName).Order().ToList();
        Assert.Empty(root.Except(["bin", "codec", "dev", "dotnet", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr"]));
        Assert.Empty(Directory.GetFileSystemEntries($"/proc/{process}/root/tmp"));
        Assert.DoesNotContain(File.ReadAllText($"/proc/{process}/environ").Split('\0'), v => v.StartsWith("MCC_", StringComparison.Ordinal));

        string Field(string name) => status.First(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();
    }

    [SkippableFact]
    public async Task A_frame_that_claims_more_than_the_limit_is_refused_before_it_is_decoded()
    {
        var bomb = Small with { Rows = 65535, Columns = 65535 };
        var error = await Assert.ThrowsAsync<RpcException>(() => fixture.Codec.RecodeAsync(Request(bomb, PixelCoding.Rle, PixelCoding.Native), new byte[100], CancellationToken.None));
        Assert.True(MeshErrors.Is(error, Reason.LimitExceeded));
    }

    [SkippableTheory]
    [InlineData("693_J2KI.dcm")]
    [InlineData("MR_small_jpeg_ls_lossless.dcm")]
    [InlineData("JPEG-lossy.dcm")]
    [InlineData("SC_rgb_jpeg_gdcm.dcm")]
    [InlineData("SC_rgb_rle_16bit.dcm")]
    public async Task Mutated_frames_get_typed_errors_and_the_next_good_one_is_decoded(string name)
    {
        var image = StoredImage.Read(name);
        var request = Request(image.Format, PixelCodings.Find(image.Syntax)!.Value, PixelCoding.Native);
        var good = await fixture.Codec.RecodeAsync(request, image.Frames[0], CancellationToken.None);
        var random = new Random(17);
        for (var i = 0; i < 150; i++)
        {
            var frame = image.Frames[0].ToArray();

            // The header is where structure lies; the rest is entropy.
            for (var n = random.Next(1, 6); n > 0; n--) frame[random.Next(random.Next(4) == 0 ? frame.Length : Math.Min(frame.Length, 200))] = (byte)random.Next(256);
            if (random.Next(5) == 0) frame = frame[..random.Next(frame.Length)];
            try
            {
                var response = await fixture.Codec.RecodeAsync(request, frame, CancellationToken.None);
                Assert.Equal(image.Format.DecodedBytes, response.Bytes.Length);
            }
            catch (RpcException e)
            {
                Assert.True(MeshErrors.Is(e, Reason.NotAcceptable) || MeshErrors.Is(e, Reason.LimitExceeded), e.Status.Detail);
            }
        }

        Assert.Equal(good.Bytes, (await fixture.Codec.RecodeAsync(request, image.Frames[0], CancellationToken.None)).Bytes);
    }

    [SkippableFact]
    public async Task A_process_that_is_killed_is_replaced()
    {
        _ = fixture.Codec;
        await using var codec = CodecFixture.Make(new CodecOptions { Processes = 1, FirstUser = 60900 });
        var cells = new byte[Small.DecodedBytes];
        var first = await codec.RecodeAsync(Request(Small, PixelCoding.Native, PixelCoding.JpegLs), cells, CancellationToken.None);
        using (var process = Process.GetProcessById(codec.Idle.Single()))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        var second = await codec.RecodeAsync(Request(Small, PixelCoding.Native, PixelCoding.JpegLs), cells, CancellationToken.None);
        Assert.Equal(first.Bytes, second.Bytes);
    }

    [SkippableFact]
    public async Task A_frame_that_takes_too_long_gets_the_typed_limit()
    {
        _ = fixture.Codec;
        await using var codec = CodecFixture.Make(new CodecOptions { Processes = 1, TimeoutSeconds = 0.02, FirstUser = 60900 });
        var large = EncodingTests.Format(4000, 4000, 16, 16, false, 1, "MONOCHROME2");
        var error = await Assert.ThrowsAsync<RpcException>(() => codec.RecodeAsync(Request(large, PixelCoding.Native, PixelCoding.Jpeg2000), EncodingTests.Picture(large, 1), CancellationToken.None));
        Assert.True(MeshErrors.Is(error, Reason.LimitExceeded));
    }

    [SkippableFact]
    public async Task Memory_beyond_the_limit_ends_the_call_and_not_the_gateway()
    {
        _ = fixture.Codec;
        await using var codec = CodecFixture.Make(new CodecOptions { Processes = 1, MemoryMiB = 128, FirstUser = 60900 });
        var large = EncodingTests.Format(8000, 8000, 16, 16, false, 1, "MONOCHROME2");
        var error = await Assert.ThrowsAsync<RpcException>(() => codec.RecodeAsync(Request(large, PixelCoding.Native, PixelCoding.Jpeg2000), new byte[large.DecodedBytes], CancellationToken.None));
        Assert.True(MeshErrors.Is(error, Reason.NotAcceptable), error.Status.Detail);
        Assert.NotEmpty((await codec.RecodeAsync(Request(Small, PixelCoding.Native, PixelCoding.Rle), new byte[Small.DecodedBytes], CancellationToken.None)).Bytes);
    }

    [SkippableFact]
    public async Task More_frames_than_may_wait_are_turned_away_for_a_while()
    {
        _ = fixture.Codec;
        await using var codec = CodecFixture.Make(new CodecOptions { Processes = 1, Waiting = 1, FirstUser = 60900 });
        var large = EncodingTests.Format(2000, 2000, 16, 16, false, 1, "MONOCHROME2");
        var calls = Enumerable.Range(0, 5).Select(_ => codec.RecodeAsync(Request(large, PixelCoding.Native, PixelCoding.Rle), new byte[large.DecodedBytes], CancellationToken.None)).ToList();
        var errors = 0;
        foreach (var call in calls)
        {
            try
            {
                await call;
            }
            catch (RpcException e) when (MeshErrors.Is(e, Reason.RateLimited))
            {
                errors++;
            }
        }

        Assert.Equal(3, errors);
    }

    private static CodecRequest Request(FrameFormat format, PixelCoding from, PixelCoding to) => new() { Format = format, From = from, To = to };

    private static string CommandOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static IEnumerable<int> Descendants(int process)
    {
        yield return process;
        var children = $"/proc/{process}/task/{process}/children";
        foreach (var child in File.Exists(children) ? File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            foreach (var descendant in Descendants(int.Parse(child, System.Globalization.CultureInfo.InvariantCulture))) yield return descendant;
        }
    }
}
