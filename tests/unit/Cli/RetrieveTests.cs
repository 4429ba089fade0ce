using CsCheck;
using Google.Protobuf;
using MedCloudCare.Cli.Retrieve;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Tests;

public sealed class RetrieveTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_is_named_by_position_and_UID() =>
        Assert.Equal("00012-1.2.840.10008.1.dcm", RetrievedFileName.Of(11, "1.2.840.10008.1"));

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("1.2.3/../../x")]
    [InlineData("")]
    [InlineData("1.2.3\0")]
    [InlineData("١.٢")]
    public void A_hostile_UID_does_not_lead_out_of_the_directory(string uid) =>
        Assert.Equal("00001.dcm", RetrievedFileName.Of(0, uid));

    [Fact]
    public void No_UID_whatever_gives_a_path() => Gen.Select(Gen.Int[0, 100_000], Gen.String).Sample((position, uid) =>
    {
        string name = RetrievedFileName.Of(position, uid);
        Assert.Equal(name, Path.GetFileName(name));
        Assert.Equal(Path.Combine("/a/b", name), Path.GetFullPath(Path.Combine("/a/b", name)));
    });

    [Fact]
    public async Task Complete_instances_appear_with_their_bytes()
    {
        await using SeriesWriter writer = new(_directory.Path);
        foreach (RetrieveInstancesResponse message in new[] { Header(0, 5, 2), Data("hel"), Data("lo"), Header(1, 0, 2) })
        {
            await writer.AddAsync(message, default);
        }

        await writer.CompleteAsync(default);
        Assert.Equal(["00001-1.2.0.dcm", "00002-1.2.1.dcm"], Directory.GetFiles(_directory.Path).Select(Path.GetFileName).Order());
        Assert.Equal("hello", await File.ReadAllTextAsync(_directory["00001-1.2.0.dcm"]));
    }

    [Fact]
    public async Task An_instance_that_is_cut_off_leaves_nothing_behind()
    {
        await using (SeriesWriter writer = new(_directory.Path))
        {
            await writer.AddAsync(Header(0, 5, 1), default);
            await writer.AddAsync(Data("hel"), default);
            await Assert.ThrowsAsync<CliException>(() => writer.CompleteAsync(default));
        }

        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public async Task More_bytes_or_fewer_instances_than_announced_are_an_error()
    {
        await using SeriesWriter more = new(_directory.Path);
        await more.AddAsync(Header(0, 2, 1), default);
        await Assert.ThrowsAsync<CliException>(() => more.AddAsync(Data("abc"), default));
        await using SeriesWriter fewer = new(_directory.Path);
        await fewer.AddAsync(Header(0, 0, 2), default);
        await Assert.ThrowsAsync<CliException>(() => fewer.CompleteAsync(default));
        await using SeriesWriter headless = new(_directory.Path);
        await Assert.ThrowsAsync<CliException>(() => headless.AddAsync(Data("abc"), default));
    }

    private static RetrieveInstancesResponse Header(int position, long size, int count) => new()
    {
        Header = new RetrieveInstancesResponse.Types.Header { Position = position, Size = size, Count = count, SopInstanceUid = $"1.2.{position}" },
    };

    private static RetrieveInstancesResponse Data(string text) => new() { Data = ByteString.CopyFromUtf8(text) };
}
