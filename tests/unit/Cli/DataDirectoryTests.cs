using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Tests;

public sealed class DataDirectoryTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Nobody_but_the_owner_can_list_or_read_anything_in_it()
    {
        DataDirectory data = new(_directory["data"]);
        data.Create();
        foreach (string path in Directory.GetDirectories(data.Root).Append(data.Root))
        {
            UnixFileMode others = File.GetUnixFileMode(path) & ~Owner & ~(UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            Assert.Equal(UnixFileMode.None, others);
        }

        foreach (string secret in new[] { data.Pki, data.Keys, data.Objects, data.Models, data.Log, data.Config })
        {
            Assert.Equal(Owner, File.GetUnixFileMode(secret));
        }
    }

    [Fact]
    public void An_open_directory_is_closed_at_the_next_start()
    {
        DataDirectory data = new(_directory["data"]);
        data.Create();
        File.SetUnixFileMode(data.Keys, Owner | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        data.Create();
        Assert.Equal(Owner, File.GetUnixFileMode(data.Keys));
    }

    [Fact]
    public void Data_of_a_newer_version_is_refused_and_left_alone()
    {
        DataDirectory data = new(_directory["data"]);
        Directory.CreateDirectory(data.Root);
        _directory.File("data/version", "99\n");
        CliException refused = Assert.Throws<CliException>(data.Create);
        Assert.Equal(ExitCode.Refused, refused.ExitCode);
        Assert.Contains("99", refused.Message, StringComparison.Ordinal);
        Assert.Equal([_directory["data/version"]], Directory.GetFileSystemEntries(data.Root));
    }

    [Fact]
    public void Somebody_elses_directory_is_refused_and_left_alone()
    {
        _directory.File("home/letter.txt", "dear");
        DataDirectory data = new(_directory["home"]);
        Assert.Throws<CliException>(data.Create);
        Assert.Equal([_directory["home/letter.txt"]], Directory.GetFileSystemEntries(data.Root));
    }

    [Fact]
    public void Only_one_supervisor_holds_the_lock_and_a_released_one_can_be_taken()
    {
        using (FileLock? first = FileLock.TryTake(_directory["lock"]))
        {
            Assert.NotNull(first);
            Assert.Null(FileLock.TryTake(_directory["lock"]));
        }

        using FileLock? next = FileLock.TryTake(_directory["lock"]);
        Assert.NotNull(next);
    }
}
