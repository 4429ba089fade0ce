using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Studies;

[Collection(MeshCollection.Name)]
public sealed class RetrieveTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_stored_series_is_listed_found_described_and_given_back_in_order()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 5, rows: 256, columns: 256);
        await user.UploadAsync(series.Files.Reverse());

        var listed = await user.Studies.ListStudiesAsync(new ListStudiesRequest { PatientName = series.PatientName.ToUpperInvariant()[..12] + "*" }, user.Headers);
        var study = Assert.Single(listed.Studies);
        Assert.Equal((series.PatientName, series.PatientId, 5, Access.Owner), (study.PatientName, study.PatientId, study.InstanceCount, study.Access));
        Assert.Equal(study, await user.Studies.GetStudyAsync(new GetStudyRequest { Name = study.Name }, user.Headers));
        var row = Assert.Single((await user.Studies.ListSeriesAsync(new ListSeriesRequest { Parent = study.Name }, user.Headers)).Series);
        Assert.Equal(row, await user.Studies.LookupSeriesAsync(new LookupSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers));
        Assert.Equal((user.Name, user.Name), (row.Owner, row.Author));

        using var call = user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers);
        List<RetrieveInstancesResponse> messages = await AllAsync(call.ResponseStream);
        var headers = messages.Where(m => m.Header is not null).Select(m => m.Header).ToList();
        Assert.Equal(series.SopInstanceUids, headers.Select(h => h.SopInstanceUid));
        Assert.Equal(Enumerable.Range(0, 5), headers.Select(h => h.Position));
        Assert.All(headers, h => Assert.Equal(5, h.Count));
        Assert.All(messages.Where(m => m.Header is null), m => Assert.InRange(m.Data.Length, 1, 64 << 10));

        using var metadata = user.Studies.RetrieveMetadata(new RetrieveMetadataRequest { StudyInstanceUid = series.StudyInstanceUid }, user.Headers);
        var documents = (await AllAsync(metadata.ResponseStream)).Where(m => m.EndOfInstance).Select(m => DicomDataset.FromJson(m.DicomJson.Span)).ToList();
        Assert.Equal(series.SopInstanceUids.Order(), documents.Select(d => d.GetString(DicomTags.SOPInstanceUID)!).Order());
    }

    [Fact]
    public async Task Frames_and_bulk_data_are_the_pixels_of_the_file()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 1, rows: 300, columns: 200);
        await user.UploadAsync(series.Files);
        var info = DicomInstanceScanner.Scan(series.Files[0]);
        var bulk = Assert.Single(info.BulkData);
        var pixels = series.Files[0].AsSpan((int)bulk.Offset, (int)bulk.Length).ToArray();

        var request = new RetrieveFramesRequest { StudyInstanceUid = series.StudyInstanceUid, SeriesInstanceUid = series.SeriesInstanceUid, SopInstanceUid = series.SopInstanceUids[0], Frames = { 1, 1 } };
        using var frames = user.Studies.RetrieveFrames(request, user.Headers);
        var messages = await AllAsync(frames.ResponseStream);
        Assert.Equal(2, messages.Count(m => m.Header is not null));
        Assert.Equal((byte[])[.. pixels, .. pixels], messages.Where(m => m.Header is null).SelectMany(m => m.Data.ToByteArray()));

        using var value = user.Studies.RetrieveBulkData(new RetrieveBulkDataRequest
        {
            StudyInstanceUid = series.StudyInstanceUid, SeriesInstanceUid = series.SeriesInstanceUid, SopInstanceUid = series.SopInstanceUids[0], Path = bulk.Path,
        }, user.Headers);
        var parts = await AllAsync(value.ResponseStream);
        Assert.Equal(pixels, parts.Skip(1).SelectMany(m => m.Data.ToByteArray()));

        request.Frames.Add(2);
        var error = await Assert.ThrowsAsync<RpcException>(() => AllAsync(user.Studies.RetrieveFrames(request, user.Headers).ResponseStream));
        Assert.True(MeshErrors.Is(error, Reason.NotFound));
    }

    [Fact]
    public async Task What_is_somebody_elses_or_does_not_exist_is_not_found()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var stranger = await mesh.NewUserAsync(Role.Researcher);
        var series = new SyntheticSeries(slices: 1);
        await owner.UploadAsync(series.Files);
        foreach (var uid in new[] { series.SeriesInstanceUid, "1.2.3.4.5" })
        {
            var error = await Assert.ThrowsAsync<RpcException>(
                () => AllAsync(stranger.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = uid }, stranger.Headers).ResponseStream));
            Assert.True(MeshErrors.Is(error, Reason.NotFound));
        }

        Assert.Empty((await stranger.Studies.ListStudiesAsync(new ListStudiesRequest(), stranger.Headers)).Studies);
    }

    private static async Task<List<T>> AllAsync<T>(IAsyncStreamReader<T> stream)
    {
        List<T> all = [];
        while (await stream.MoveNext(CancellationToken.None))
        {
            all.Add(stream.Current);
        }

        return all;
    }
}
