using System.Text;
using MedCloudCare.Cli.Publish;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Tests;

public sealed class PublishTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_form_is_read_however_its_keys_are_written()
    {
        ModelForm form = new();
        Visibility visibility = Read("""{"name": "Brain", "task": "Segmentation", "body_part": "BRAIN", "data-description": "27 scans", "visibility": "public"}""", form);
        Assert.Equal(Visibility.Public, visibility);
        Assert.Equal(new ModelForm { DisplayName = "Brain", Task = InferType.Segmentation, BodyPart = "BRAIN", DataDescription = "27 scans" }, form);
    }

    [Theory]
    [InlineData("""{"colour": "blue"}""", "colour")]
    [InlineData("""{"task": "guessing"}""", "guessing")]
    [InlineData("""{"task": "1"}""", "\"1\"")]
    [InlineData("""{"name": 7}""", "name")]
    [InlineData("""["name"]""", "JSON")]
    [InlineData("""{"name" """, "JSON")]
    public void A_wrong_form_is_refused_and_the_culprit_named(string json, string named) =>
        Assert.Contains(named, Assert.Throws<CliException>(() => Read(json, new ModelForm())).Message, StringComparison.Ordinal);

    [Fact]
    public void A_package_is_what_lies_in_the_directory_without_caches_and_hidden_files()
    {
        _directory.File("m/main.py");
        _directory.File("m/weights/w.bin", "w");
        _directory.File("m/__pycache__/main.pyc");
        _directory.File("m/.git/config");
        _directory.File("m/model.json", "{}");
        ModelPackage package = ModelPackage.Open(_directory["m"]);
        Assert.Equal(["main.py", "model.json", "weights/w.bin"], package.Files.Select(f => f.Path));
        Assert.Equal("{}", Encoding.UTF8.GetString(package.Form!));
    }

    [Fact]
    public void A_link_out_of_the_package_is_refused()
    {
        _directory.File("m/main.py");
        File.CreateSymbolicLink(_directory["m/weights"], "/etc/shadow");
        Assert.Contains("weights", Assert.Throws<CliException>(() => ModelPackage.Open(_directory["m"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_zip_is_refused_here()
    {
        string zip = _directory.File("m.zip", "no zip");
        Assert.Contains("MODEL_PACKAGE_INVALID", Assert.Throws<CliException>(() => ModelPackage.Open(zip)).Message, StringComparison.Ordinal);
    }

    private static Visibility Read(string json, ModelForm form) => ModelFormFile.Read(Encoding.UTF8.GetBytes(json), "model.json", form);
}
