using System.Net;
using System.Text;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.IntegrationTests.Studies;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Models;

/// <summary>Packages that are refused: a typed error that says what and where, and nothing of them stays.</summary>
[Collection(MeshCollection.Name)]
public sealed class PackageTests(MeshFixture mesh)
{
    private const string Head = "from medcloudcare import *\n";

    [Theory]
    [InlineData("good")]
    [InlineData("folder around")]
    public async Task An_archive_becomes_a_model(string kind)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var published = await PublishAsync(researcher, "package.zip", Archives.Make(kind));
        Assert.Equal(["main.py"], published.Version.Files.Select(f => f.Path));
        Assert.Equal(1, published.Version.Number);
        Assert.Equal(published.Model, await researcher.Models.GetModelAsync(new GetModelRequest { Name = published.Model.Name }, researcher.Headers));

        // The digest is that of the contents, however they were packed.
        var again = await researcher.PublishAsync(TestModels.Threshold);
        Assert.Equal(published.Version.Digest, again.Version.Digest);
    }

    [Theory]
    [InlineData("parent path", "path", "../evil.py")]
    [InlineData("parent path within", "path", "weights/../../evil.py")]
    [InlineData("absolute path", "path", "/etc/cron.d/evil")]
    [InlineData("backslashes", "path", "..\\evil.py")]
    [InlineData("twice", "path", "MAIN.py")]
    [InlineData("link", "path", "main.py")]
    [InlineData("bomb", "limit", "expansion")]
    [InlineData("damaged", "path", "main.py")]
    [InlineData("cut", "", "")]
    [InlineData("no zip", "", "")]
    public async Task A_hostile_archive_is_refused(string kind, string key, string value)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var metadata = await RefusedAsync(researcher, () => PublishAsync(researcher, "package.zip", Archives.Make(kind)), Reason.ModelPackageInvalid);
        if (key.Length > 0)
        {
            Assert.Equal(value, metadata[key]);
        }
    }

    [Theory]
    [InlineData("../main.py")]
    [InlineData("/main.py")]
    [InlineData("a//main.py")]
    [InlineData("")]
    public async Task A_path_that_leaves_the_package_is_refused(string path)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        await RefusedAsync(researcher, () => PublishAsync(researcher, path, Encoding.UTF8.GetBytes(TestModels.Threshold)), Reason.ModelPackageInvalid);
    }

    [Theory]
    [InlineData("x = 1\n", Reason.ModelApplicationMissing)]
    [InlineData("", Reason.ModelApplicationMissing)]
    [InlineData(Head + "class M(Application):\n    infer_type = InferType.SEGMENTATION\n", Reason.ModelRunMissing)]
    [InlineData(Head + "class M(Application):\n    infer_type = InferType.SEGMENTATION\n    def run(self):\n        pass\n", Reason.ModelRunMissing)]
    [InlineData(Head + "class M(Application):\n    infer_type = InferType.DETECTION\n    def run(self, task):\n        pass\n", Reason.ModelTypeInvalid)]
    [InlineData(Head + "class M(Application):\n    def run(self, task):\n        pass\n", Reason.ModelTypeInvalid)]
    public async Task A_main_that_does_not_keep_to_the_template_is_refused_for_what_is_missing(string main, Reason reason)
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        await RefusedAsync(researcher, () => researcher.PublishAsync(main), reason);
    }

    [Fact]
    public async Task A_syntax_error_is_located_by_file_and_line()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var metadata = await RefusedAsync(researcher, () => researcher.PublishAsync("import numpy\n\ndef run(:\n    pass\n"), Reason.ModelSyntaxError);
        Assert.Equal(("main.py", "3"), (metadata["file"], metadata["line"]));
        metadata = await RefusedAsync(
            researcher,
            () => researcher.PublishAsync(new Dictionary<string, byte[]> { ["main.py"] = Encoding.UTF8.GetBytes(TestModels.Threshold), ["net/layers.py"] = "a = (1,\nb = 2\n"u8.ToArray() }),
            Reason.ModelSyntaxError);
        Assert.Equal("net/layers.py", metadata["file"]);
    }

    [Fact]
    public async Task A_package_without_main_is_refused()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        await RefusedAsync(researcher, () => PublishAsync(researcher, "model.py", Encoding.UTF8.GetBytes(TestModels.Threshold)), Reason.ModelMainMissing);
        await RefusedAsync(researcher, () => PublishAsync(researcher, "code/main.py", Encoding.UTF8.GetBytes(TestModels.Threshold)), Reason.ModelMainMissing);
        await RefusedAsync(researcher, () => researcher.PublishAsync(new Dictionary<string, byte[]>()), Reason.ModelMainMissing);
    }

    [Fact]
    public async Task The_code_of_a_package_is_not_run_to_validate_it()
    {
        // Imports are run by a pod, in its sandbox, and there they fail; publishing answers before and does not care.
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var mark = Path.Combine(Path.GetTempPath(), "mcc-mark-" + Guid.NewGuid().ToString("n"));
        await researcher.PublishAsync($"open({System.Text.Json.JsonSerializer.Serialize(mark)}, 'w').write('run')\n" + TestModels.Threshold);
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task A_form_that_is_not_filled_in_is_refused_by_field()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var files = new Dictionary<string, byte[]> { ["main.py"] = Encoding.UTF8.GetBytes(TestModels.Threshold) };
        foreach (var (publish, field) in new (Func<Task<PublishModelResponse>>, string)[]
        {
            (() => researcher.PublishAsync(files, name: " "), "start.form.display_name"),
            (() => researcher.PublishAsync(files, name: new string('x', 81)), "start.form.display_name"),
            (() => researcher.PublishAsync(files, task: InferType.Unspecified), "start.form.task"),
            (() => researcher.PublishAsync(files, visibility: Visibility.Unspecified), "start.visibility"),
        })
        {
            Assert.Equal(field, (await RefusedAsync(researcher, publish, Reason.FieldInvalid))["field"]);
        }
    }

    [Fact]
    public async Task The_command_line_shows_where_the_error_is()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        using var line = await CommandLine.LoginAsync(mesh, researcher);
        var folder = line.Folder("model");
        await File.WriteAllTextAsync(Path.Combine(folder, "main.py"), "import numpy\n\ndef run(:\n    pass\n");
        string[] publish = ["models", "publish", folder, "--name", "Broken", "--task", "segmentation"];
        var refused = await line.RunAsync(publish);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("MODEL_SYNTAX_ERROR", refused.Error, StringComparison.Ordinal);
        Assert.Contains("main.py", refused.Error, StringComparison.Ordinal);
        Assert.Contains("3", refused.Error, StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(folder, "main.py"), TestModels.Threshold);
        var published = (await line.RunAsync(publish)).EnsureSuccess();
        Assert.StartsWith("models/", published.Output, StringComparison.Ordinal);
    }

    /// <summary>Asserts the refusal, that no model and no file of it is left, and that the mesh is well.</summary>
    private async Task<IReadOnlyDictionary<string, string>> RefusedAsync(TestUser researcher, Func<Task<PublishModelResponse>> publish, Reason reason)
    {
        var before = StoredFiles.Of(mesh);
        var error = await Assert.ThrowsAsync<RpcException>(publish);
        Assert.True(MeshErrors.TryRead(error, out var actual, out var metadata), error.ToString());
        Assert.True(reason == actual, $"{actual}: {error.Status.Detail}");
        Assert.NotEmpty(error.Status.Detail);
        Assert.Empty((await researcher.Models.ListModelsAsync(new ListModelsRequest { Owned = true }, researcher.Headers)).Models);
        Assert.Empty(StoredFiles.Of(mesh).Except(before));
        using var http = mesh.Client();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
        return metadata;
    }

    private static Task<PublishModelResponse> PublishAsync(TestUser researcher, string path, byte[] content) =>
        researcher.PublishAsync(new Dictionary<string, byte[]> { [path] = content });
}
