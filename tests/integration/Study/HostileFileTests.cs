using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.Studies;

/// <summary>Bad input over both public faces: a typed refusal that says what and where, nothing left behind, the mesh well.</summary>
[Collection(MeshCollection.Name)]
public sealed class HostileFileTests(MeshFixture mesh)
{
    public static TheoryData<string, Reason, string> Files => new()
    {
        { "empty", Reason.DicomTruncated, "byte 0" },
        { "letter", Reason.DicomNotRecognised, "" },
        { "wrong magic", Reason.DicomNotRecognised, "" },
        { "preamble only", Reason.DicomTruncated, "byte 132" },
        { "truncated", Reason.DicomTruncated, "byte " },
        { "2 GB value in 1 KB", Reason.DicomLengthInvalid, "7FE00010" },
        { "100,000 nested sequences", Reason.DicomTooComplex, "0040A730/0/0040A730" },
        { "deflate bomb", Reason.DicomDeflateInvalid, "byte " },
        { "damaged deflate", Reason.DicomDeflateInvalid, "" },
        { "no study", Reason.DicomIdentifierMissing, "0020000D" },
        { "no series", Reason.DicomIdentifierMissing, "0020000E" },
        { "no instance", Reason.DicomIdentifierMissing, "00080018" },
        { "no class", Reason.DicomIdentifierMissing, "00080016" },
        { "malformed UID", Reason.DicomIdentifierMissing, "0020000D" },
        { "stray item", Reason.DicomMalformed, "byte " },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_hostile_file_is_refused_by_the_stream_while_its_neighbours_are_stored(string kind, Reason reason, string where)
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var file = HostileFiles.Make(kind);
        var before = StoredFiles.Of(mesh);
        var alone = Assert.Single((await user.UploadAsync([file])).Results);
        AssertRefused(alone, reason, where);
        Assert.Equal(0, (await user.Studies.ListStudiesAsync(new ListStudiesRequest(), user.Headers)).TotalSize);
        Assert.Empty(StoredFiles.Of(mesh).Except(before));

        var (first, last) = (new SmallInstance(), new SmallInstance());
        var response = await user.UploadAsync([first.File, file, last.File]);
        Assert.Equal([Outcome.Stored, Outcome.Refused, Outcome.Stored], response.Results.Select(r => r.Outcome));
        AssertRefused(response.Results[1], reason, where);
        Assert.Equal((3, 2, 1), (response.Upload.CommittedInstances, response.Upload.StoredInstances, response.Upload.RefusedInstances));
        Assert.Equal(2, (await user.Studies.ListStudiesAsync(new ListStudiesRequest(), user.Headers)).TotalSize);
        await AssertWellAsync();
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_hostile_file_is_refused_by_STOW(string kind, Reason reason, string where)
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var client = new DicomWebClient(user);
        var before = StoredFiles.Of(mesh);
        var answer = await client.StoreAsync([HostileFiles.Make(kind)]);
        Assert.True(answer.Status == HttpStatusCode.Conflict, answer.ToString());
        var failure = Assert.Single(answer.Items("00081198").Concat(answer.Items("0008119A")));

        // STOW bodies need not say how long a part is: a value beyond the end is then only seen as an end that comes too early.
        var reasons = reason == Reason.DicomLengthInvalid ? [MeshErrors.NameOf(reason), MeshErrors.NameOf(Reason.DicomTruncated)] : new[] { MeshErrors.NameOf(reason) };
        Assert.Contains(failure.First("00000902"), reasons);
        Assert.Contains(where, failure.First("0040A160"), StringComparison.Ordinal);
        Assert.Empty(await client.SearchAsync("studies"));
        Assert.Empty(StoredFiles.Of(mesh).Except(before));
        await AssertWellAsync();
    }

    [Fact]
    public async Task Instances_that_are_not_of_the_declared_size_are_refused()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var upload = await user.Studies.CreateUploadAsync(new CreateUploadRequest(), user.Headers);
        using var call = user.Studies.UploadInstances(user.Headers, DateTime.UtcNow.AddMinutes(1));
        await call.RequestStream.WriteAsync(new UploadInstancesRequest { Start = new() { Upload = upload.Name } });
        foreach (var size in new long[] { 1, 1_000_000, -1, long.MaxValue })
        {
            await call.RequestStream.WriteAsync(new UploadInstancesRequest { Instance = new() { Size = size } });
            await call.RequestStream.WriteAsync(new UploadInstancesRequest { Data = Google.Protobuf.ByteString.CopyFrom(new SmallInstance().File) });
            await call.RequestStream.WriteAsync(new UploadInstancesRequest { End = new() });
        }

        await call.RequestStream.CompleteAsync();
        var results = (await call).Results;
        Assert.All(results, r => Assert.Equal(Outcome.Refused, r.Outcome));
        Assert.Equal(Reason.LimitExceeded, results[3].Reason);
        Assert.Equal(0, (await user.Studies.ListStudiesAsync(new ListStudiesRequest(), user.Headers)).TotalSize);
    }

    private static void AssertRefused(InstanceResult result, Reason reason, string where)
    {
        // A file whose length is declared is known to be too short as soon as a value reaches beyond it.
        var reasons = reason == Reason.DicomTruncated ? [reason, Reason.DicomLengthInvalid] : new[] { reason };
        Assert.True(reasons.Contains(result.Reason), $"{result.Reason}: {result.Message}");
        Assert.Equal(Outcome.Refused, result.Outcome);
        Assert.Contains(where, result.Message, StringComparison.Ordinal);
    }

    private async Task AssertWellAsync()
    {
        using var http = mesh.Client();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
    }
}
