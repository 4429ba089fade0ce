using System.Text;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.Studies;

[Collection(MeshCollection.Name)]
public sealed class UploadTests(MeshFixture mesh)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_upload_whose_call_breaks_goes_on_where_it_was_committed()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 5);
        var upload = await user.Studies.CreateUploadAsync(new CreateUploadRequest(), user.Headers);
        using (var broken = user.Studies.UploadInstances(user.Headers))
        {
            await broken.RequestStream.WriteAsync(new UploadInstancesRequest { Start = new() { Upload = upload.Name } });
            await broken.RequestStream.WriteFileAsync(series.Files[0]);
            await broken.RequestStream.WriteFileAsync(series.Files[1]);

            // A pause is enough to commit what is complete; the call stays open.
            await Eventually.TrueAsync("a commit in the pause", Limit, async () => await CommittedAsync(user, upload) == 2);
            await broken.RequestStream.WriteAsync(new UploadInstancesRequest { Instance = new() { Size = series.Files[2].Length } });
            await broken.RequestStream.WriteAsync(new UploadInstancesRequest { Data = ByteString.CopyFrom(series.Files[2], 0, 1000) });
        }

        var response = await user.UploadAsync(upload.Name, 2, series.Files.Skip(2));
        Assert.Equal([2, 3, 4], response.Results.Select(r => r.Number));
        Assert.All(response.Results, r => Assert.Equal(Outcome.Stored, r.Outcome));
        Assert.Equal((5, 5), (response.Upload.CommittedInstances, response.Upload.StoredInstances));
        var files = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
        for (var i = 0; i < series.Files.Count; i++)
        {
            Assert.Equal(series.Files[i], files[series.SopInstanceUids[i]]);
        }

        var again = await AssertFailsAsync(() => user.UploadAsync(upload.Name, 2, series.Files), Reason.UploadOffsetMismatch, StatusCode.OutOfRange);
        Assert.Equal("5", again["committed_instances"]);
    }

    [Fact]
    public async Task Messages_out_of_order_or_over_a_limit_end_the_call_with_a_reason()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var upload = await user.Studies.CreateUploadAsync(new CreateUploadRequest(), user.Headers);
        var start = new UploadInstancesRequest { Start = new() { Upload = upload.Name } };
        var instance = new UploadInstancesRequest { Instance = new() };
        var data = new UploadInstancesRequest { Data = ByteString.CopyFromUtf8("x") };
        await AssertFailsAsync(() => SendAsync(user, instance), Reason.FieldInvalid, StatusCode.InvalidArgument);
        await AssertFailsAsync(() => SendAsync(user, start, data), Reason.FieldInvalid, StatusCode.InvalidArgument);
        await AssertFailsAsync(() => SendAsync(user, start, instance, instance), Reason.FieldInvalid, StatusCode.InvalidArgument);
        await AssertFailsAsync(() => SendAsync(user, start, instance, data), Reason.FieldInvalid, StatusCode.InvalidArgument);
        var large = new UploadInstancesRequest { Data = ByteString.CopyFrom(new byte[(256 << 10) + 1]) };
        await AssertFailsAsync(() => SendAsync(user, start, instance, large), Reason.LimitExceeded, StatusCode.ResourceExhausted);

        var stranger = await mesh.NewUserAsync(Role.HealthProfessional);
        await AssertFailsAsync(() => SendAsync(stranger, start), Reason.NotFound, StatusCode.NotFound);
        var nowhere = new CreateUploadRequest { Study = $"studies/{Guid.NewGuid()}" };
        await AssertFailsAsync(async () => await user.Studies.CreateUploadAsync(nowhere, user.Headers), Reason.NotFound, StatusCode.NotFound);
    }

    [Fact]
    public async Task Bad_files_are_reported_one_by_one_and_the_good_one_among_them_is_kept()
    {
        var user = await mesh.NewUserAsync(Role.Researcher);
        var good = new SyntheticSeries(slices: 1);
        var sample = new SyntheticSeries(slices: 1).Files[0];
        byte[] huge = [.. sample[..^8]];
        Encoding.ASCII.GetBytes("OW").CopyTo(huge, FindPixelData(huge) + 4);
        BitConverter.GetBytes(0x7FFFFFF0).CopyTo(huge, FindPixelData(huge) + 8);
        var response = await user.UploadAsync([sample[..^100], "this is no image"u8.ToArray(), good.Files[0], huge, NestedSequences(100_000)]);
        Assert.Equal([Outcome.Refused, Outcome.Refused, Outcome.Stored, Outcome.Refused, Outcome.Refused], response.Results.Select(r => r.Outcome));
        Assert.True(response.Results[0].Reason is Reason.DicomTruncated or Reason.DicomLengthInvalid);
        Assert.Equal(Reason.DicomNotRecognised, response.Results[1].Reason);
        Assert.Equal(Reason.DicomLengthInvalid, response.Results[3].Reason);
        Assert.Equal(Reason.DicomTooComplex, response.Results[4].Reason);
        Assert.All(response.Results.Where(r => r.Outcome == Outcome.Refused), r => Assert.NotEmpty(r.Message));
        Assert.Equal(4, response.Upload.RefusedInstances);
        Assert.Single((await user.Studies.ListStudiesAsync(new ListStudiesRequest(), user.Headers)).Studies);
    }

    private static int FindPixelData(byte[] file) => file.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xE0, 0x7F, 0x10, 0x00]);

    private static byte[] NestedSequences(int depth)
    {
        byte[] sequence = [0x08, 0x00, 0x40, 0x11, (byte)'S', (byte)'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF];
        return [.. new byte[128], .. "DICM"u8, .. Enumerable.Repeat(sequence, depth).SelectMany(s => s)];
    }

    private static async Task<long> CommittedAsync(TestUser user, Upload upload) =>
        (await user.Studies.GetUploadAsync(new GetUploadRequest { Name = upload.Name }, user.Headers)).CommittedInstances;

    private static async Task<UploadInstancesResponse> SendAsync(TestUser user, params UploadInstancesRequest[] messages)
    {
        using var call = user.Studies.UploadInstances(user.Headers, DateTime.UtcNow.Add(Limit));
        foreach (var message in messages)
        {
            try
            {
                await call.RequestStream.WriteAsync(message);
            }
            catch (RpcException)
            {
                // The answer is there already; it is read below.
                break;
            }
        }

        try
        {
            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // As above.
        }

        return await call;
    }

    private static async Task<IReadOnlyDictionary<string, string>> AssertFailsAsync(Func<Task<object>> call, Reason reason, StatusCode code)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(MeshErrors.TryRead(error, out var actual, out var metadata), error.ToString());
        Assert.Equal((reason, code), (actual, error.StatusCode));
        return metadata;
    }

    private static Task<IReadOnlyDictionary<string, string>> AssertFailsAsync(Func<Task<UploadInstancesResponse>> call, Reason reason, StatusCode code) =>
        AssertFailsAsync(async () => (object)await call(), reason, code);
}
