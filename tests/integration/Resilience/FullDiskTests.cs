using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Resilience;

/// <summary>A mesh whose objects are on a file system of 24 MiB.</summary>
public sealed class FullDiskFixture : MeshFixture
{
    private string Objects => Path.Combine(Data, "objects");

    /// <summary>Whether a file system can be mounted here; if not, there is no mesh.</summary>
    public bool IsMounted { get; private set; }

    /// <inheritdoc/>
    public override async Task InitializeAsync()
    {
        Directory.CreateDirectory(Objects);
        Directory.CreateDirectory(Path.Combine(Data, "run"));
        IsMounted = Environment.IsPrivilegedProcess && (await Programs.RunAsync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", Objects])).ExitCode == 0;
        if (IsMounted)
        {
            await base.InitializeAsync();
        }
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        if (IsMounted)
        {
            await RunAsync(["down"]);
            (await Programs.RunAsync("umount", [Objects])).EnsureSuccess();
            await base.DisposeAsync();
        }
        else
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    /// <summary>Takes all of the space that is left.</summary>
    public async Task FillAsync()
    {
        var filler = Path.Combine(Objects, "filler");
        await using var file = File.Create(filler);
        var zeros = new byte[64 << 10];
        try
        {
            while (true)
            {
                await file.WriteAsync(zeros);
                await file.FlushAsync();
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Path.Combine(Objects, "filler"));
}

/// <summary>The disk of the object store is full for a while.</summary>
public sealed class FullDiskTests(FullDiskFixture mesh) : IClassFixture<FullDiskFixture>
{
    [SkippableFact]
    public async Task A_full_disk_is_told_nothing_is_half_stored_and_everything_works_again_when_there_is_space()
    {
        Skip.IfNot(mesh.IsMounted, "A file system can be mounted by root only.");
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var stored = new SyntheticSeries(slices: 4, rows: 256, columns: 256);
        await user.UploadAsync(stored.Files);
        await mesh.FillAsync();

        // 1. Over gRPC and STOW-RS: typed, and nothing of it can be found.
        var refused = new SyntheticSeries(slices: 4, rows: 512, columns: 512);
        var error = await Assert.ThrowsAsync<RpcException>(() => user.UploadAsync(refused.Files));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.True(MeshErrors.Is(error, Reason.StoreFull), error.ToString());
        using (var client = mesh.Client(user.Session.AccessToken))
        {
            using var body = new MultipartContent("related", "cut");
            foreach (var file in refused.Files)
            {
                body.Add(new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("application/dicom") } });
            }

            body.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/related; type=\"application/dicom\"; boundary=cut");
            using var response = await client.PostAsync(new Uri("dicomweb/studies", UriKind.Relative), body);
            Assert.Equal(HttpStatusCode.InsufficientStorage, response.StatusCode);
        }

        Assert.Empty((await user.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = refused.StudyInstanceUid }, user.Headers)).Studies);

        // 2. What is there can be read.
        await AssertStoredAsync(user, stored);

        // 3. With space again, the same is stored.
        mesh.Free();
        Assert.Equal(4, (await user.UploadAsync(refused.Files)).Upload.StoredInstances);
        await AssertStoredAsync(user, refused);
        await AssertStoredAsync(user, stored);
        (await mesh.RunAsync(["archive", "verify"])).EnsureSuccess();
    }

    private static async Task AssertStoredAsync(TestUser user, SyntheticSeries series)
    {
        var files = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
        Assert.Equal(series.Files.Count, files.Count);
        Assert.All(series.SopInstanceUids, (uid, i) => Assert.Equal(series.Files[i], files[uid]));
    }
}
