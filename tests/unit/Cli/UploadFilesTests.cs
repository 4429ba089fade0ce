using MedCloudCare.Cli.Upload;

namespace MedCloudCare.Cli.Tests;

public sealed class UploadFilesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_order_follows_from_the_paths_and_not_from_the_file_system()
    {
        foreach (string name in new[] { "b/2.dcm", "a/10.dcm", "b/1.dcm", "a/2.dcm", "Z.dcm", "a.dcm" })
        {
            _directory.File("in/" + name, name);
        }

        string[] expected = ["Z.dcm", "a.dcm", "a/10.dcm", "a/2.dcm", "b/1.dcm", "b/2.dcm"];
        Assert.Equal(expected.Select(n => _directory["in/" + n]), UploadFiles.List([_directory["in"]]).Select(f => f.Path));
    }

    [Fact]
    public void Paths_are_taken_in_the_order_given_and_a_file_once()
    {
        string z = _directory.File("z.dcm", "zz"), a = _directory.File("in/a.dcm", "a");
        IReadOnlyList<UploadFile> files = UploadFiles.List([z, _directory["in"], a]);
        Assert.Equal([new UploadFile(z, 2), new UploadFile(a, 1)], files);
    }

    [Fact]
    public void Hidden_files_and_directory_records_are_left_out_unless_named()
    {
        string index = _directory.File("in/DICOMDIR", "i");
        _directory.File("in/.hidden/x.dcm");
        _directory.File("in/.x.dcm");
        string image = _directory.File("in/x.dcm");
        Assert.Equal([image], UploadFiles.List([_directory["in"]]).Select(f => f.Path));
        Assert.Equal([index], UploadFiles.List([index]).Select(f => f.Path));
    }

    [Fact]
    public void A_link_that_leads_in_a_circle_is_not_followed()
    {
        string image = _directory.File("in/x.dcm");
        Directory.CreateSymbolicLink(_directory["in/loop"], _directory["in"]);
        Assert.Equal([image], UploadFiles.List([_directory["in"]]).Select(f => f.Path));
    }

    [Fact]
    public void What_does_not_exist_is_refused_before_anything_is_sent()
    {
        CliException refused = Assert.Throws<CliException>(() => UploadFiles.List([_directory["nowhere"]]));
        Assert.Contains("nowhere", refused.Message, StringComparison.Ordinal);
        Assert.Throws<CliException>(() => UploadFiles.List([_directory.Path]));
    }
}
