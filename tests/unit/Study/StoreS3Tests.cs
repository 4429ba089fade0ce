using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;

namespace MedCloudCare.Studies.Tests;

[Collection(PostgresCollection.Name)]
public sealed class StoreDirectoryContractTests(PostgresFixture postgres) : StoreContractTests(postgres)
{
    private protected override Task ConfigureAsync(StudyOptions options) => Task.CompletedTask;
}

[Collection(PostgresCollection.Name)]
public sealed class StoreS3Tests(PostgresFixture postgres) : StoreContractTests(postgres), IAsyncLifetime
{
    private readonly Guid _doctor = Guid.NewGuid();
    private S3Server? _server;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task A_store_that_is_away_makes_uploads_and_reads_unavailable_and_nothing_is_half_acknowledged()
    {
        await using Archive archive = await OpenAsync();
        byte[] stored = SampleFile.Series(1)[0];
        string uid = (await archive.UploadAsync(_doctor, [stored]))[0].SopInstanceUid;
        await _server!.StopAsync();
        List<byte[]> files = SampleFile.Series(3);
        Guid upload = await archive.CreateUploadAsync(_doctor);
        await using (UploadSession session = archive.Session(upload, _doctor))
        {
            foreach (byte[] file in files)
            {
                await Archive.SendAsync(session, file);
            }

            await Assert.ThrowsAsync<ObjectStoreUnavailableException>(session.CommitAsync);
            Assert.Empty(session.Results);
        }

        Assert.Equal(0, await archive.CountAsync($"SELECT committed_instances FROM uploads WHERE id = '{upload}'"));
        Assert.Equal(1, await archive.CountAsync("SELECT count(*) FROM instances"));
        await Assert.ThrowsAsync<ObjectStoreUnavailableException>(() => archive.RetrieveAsync(_doctor, uid));
        await _server.ResumeAsync();
        Assert.Equal(stored, await archive.RetrieveAsync(_doctor, uid));
        Assert.All(await archive.UploadAsync(_doctor, files), r => Assert.Equal(InstanceResult.Types.Outcome.Stored, r.Outcome));
    }

    [SkippableFact]
    public async Task A_store_that_is_away_for_a_moment_is_not_noticed()
    {
        await using Archive archive = await OpenAsync();
        await _server!.StopAsync();
        List<byte[]> files = SampleFile.Series(2);
        Task<IReadOnlyList<InstanceResult>> upload = archive.UploadAsync(_doctor, files);
        await _server.ResumeAsync();
        Assert.All(await upload, r => Assert.Equal(InstanceResult.Types.Outcome.Stored, r.Outcome));
    }

    [SkippableFact]
    public async Task Every_group_becomes_an_object_of_its_own()
    {
        await using Archive archive = await OpenAsync(o => o.GroupInstances = 2);
        IReadOnlyList<InstanceResult> stored = await archive.UploadAsync(_doctor, SampleFile.Series(5));
        Assert.Equal(5, stored.Count);
        Assert.Equal(3, (await archive.Objects.ListAsync(default).ToListAsync()).Count);
        Assert.Equal(3, await archive.CountAsync("SELECT count(DISTINCT pack_id) FROM instances"));
    }

    [SkippableFact]
    public async Task The_bucket_holds_no_patient_data_and_no_pixels_in_the_clear()
    {
        await using Archive archive = await OpenAsync();
        Dicom.DicomDataset dataset = SampleFile.Dataset(Dicom.DicomUid.Create(), Dicom.DicomUid.Create(), Dicom.DicomUid.Create());
        byte[] pixels = dataset.Find(Dicom.DicomTags.PixelData)!.Value.ToArray();
        await archive.UploadAsync(_doctor, [SampleFile.Of(dataset)]);
        string[] files = [.. Directory.EnumerateFiles(_server!.Files, "*", SearchOption.AllDirectories)];
        Assert.NotEmpty(files);
        Assert.All(files, path =>
        {
            byte[] content = File.ReadAllBytes(path);
            Assert.True(content.AsSpan().IndexOf("Sample"u8) < 0);
            Assert.True(content.AsSpan().IndexOf(pixels.AsSpan(64, 16)) < 0);
        });
    }

    [Theory]
    [InlineData("s3://", "http://127.0.0.1:1", "names no bucket")]
    [InlineData("s3://bucket", "http://example.org", "must be https")]
    public void Wrong_settings_are_refused_saying_what_is_wrong(string objects, string endpoint, string message)
    {
        StudyOptions options = new() { Objects = objects, S3Endpoint = endpoint };
        Assert.Contains(message, Assert.Throws<InvalidOperationException>(() => ObjectStores.Open(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_credentials_file_that_others_may_read_is_refused()
    {
        string file = Path.GetTempFileName();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        StudyOptions options = new() { Objects = "s3://bucket", S3Endpoint = "http://127.0.0.1:1", S3Credentials = file };
        Assert.Contains("0600", Assert.Throws<InvalidOperationException>(() => ObjectStores.Open(options)).Message, StringComparison.Ordinal);
        File.Delete(file);
    }

    private protected override async Task ConfigureAsync(StudyOptions options)
    {
        Skip.IfNot(S3Server.IsAvailable, "Node is not installed.");
        _server ??= await S3Server.StartAsync();
        options.Objects = $"s3://{S3Server.Bucket}/mesh";
        options.S3Endpoint = _server.Endpoint;
        options.S3Credentials = _server.Credentials;
    }
}
