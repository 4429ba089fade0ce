using System.IO.Compression;
using System.Text;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Models;

[Collection(MeshCollection.Name)]
public sealed class PublishTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_package_is_published_as_files_or_as_a_zip_with_the_same_digest()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        var files = new Dictionary<string, byte[]> { ["main.py"] = Utf8(TestModels.Threshold), ["weights/w.bin"] = new byte[700_000], ["lib/__init__.py"] = [] };
        var direct = await researcher.PublishAsync(files, "As files");
        var zipped = await researcher.PublishAsync(new Dictionary<string, byte[]> { ["package.zip"] = Zip(files) }, "As a zip");
        Assert.Equal(direct.Version.Digest, zipped.Version.Digest);
        Assert.Equal(["lib/__init__.py", "main.py", "weights/w.bin"], zipped.Version.Files.Select(f => f.Path));
        Assert.Equal(700_000, zipped.Version.Files[2].Size);
        Assert.Equal(1, direct.Version.Number);
        Assert.Equal(direct.Version.Name, direct.Model.ActiveVersion);
        Assert.True(direct.Model.Owned);
    }

    [Fact]
    public async Task A_zip_slip_a_bomb_and_an_upload_that_breaks_off_leave_nothing()
    {
        var researcher = await mesh.NewUserAsync(Role.Researcher);
        foreach (var files in (Dictionary<string, byte[]>[])
        [
            new() { ["main.py"] = Utf8(TestModels.Threshold), ["../../etc/cron.d/x"] = [1] },
            new() { ["main.py"] = Utf8(TestModels.Threshold), ["deep/er.py"] = [1], ["deep"] = [1] },
            new() { ["main.py"] = Utf8(TestModels.Threshold), ["bomb"] = new byte[300 << 20] },
        ])
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => researcher.PublishAsync(new Dictionary<string, byte[]> { ["p.zip"] = Zip(files) }));
            Assert.True(MeshErrors.Is(error, Reason.ModelPackageInvalid), error.Message);
        }

        using (var call = researcher.Models.PublishModel(researcher.Headers))
        {
            await call.RequestStream.WriteAsync(Start("Broken off"));
            await call.RequestStream.WriteAsync(new PublishModelRequest { File = new() { Path = "main.py" } });
        }

        await AssertNothingStaysAsync(researcher);
    }

    private static PublishModelRequest Start(string name) => new()
    {
        Start = new() { Form = new ModelForm { DisplayName = name, Task = InferType.Segmentation }, Visibility = Visibility.Public },
    };

    private async Task AssertNothingStaysAsync(TestUser researcher)
    {
        Assert.Empty((await researcher.Models.ListModelsAsync(new ListModelsRequest { Owned = true }, researcher.Headers)).Models);
        // The service removes an upload when the call's cancellation reaches it.
        await Eventually.TrueAsync("an empty 'incoming'", TimeSpan.FromSeconds(20), () => Task.FromResult(
            !Directory.EnumerateFileSystemEntries(Path.Combine(mesh.Data, "models", "incoming")).Any()));
    }

    private static byte[] Zip(IReadOnlyDictionary<string, byte[]> files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, content) in files)
            {
                using var stream = zip.CreateEntry(path).Open();
                stream.Write(content);
            }
        }

        return memory.ToArray();
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
