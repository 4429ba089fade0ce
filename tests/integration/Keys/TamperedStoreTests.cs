using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Keys;

/// <summary>Changes bytes in the object store of a running mesh.</summary>
[Collection(MeshCollection.Name)]
public sealed class TamperedStoreTests(MeshFixture mesh)
{
    [Fact]
    public async Task A_changed_byte_is_never_served_and_every_other_instance_is()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var series = new SyntheticSeries(slices: 6);
        await user.UploadAsync(series.Files);
        var study = Guid.Parse((await user.Studies.ListStudiesAsync(
            new ListStudiesRequest { StudyInstanceUid = series.StudyInstanceUid }, user.Headers)).Studies.Single().Name["studies/".Length..]);
        var pack = Directory.GetFiles(Path.Combine(mesh.Data, "objects"), "*.pack", SearchOption.AllDirectories).Single(f => IsOf(f, study));
        using var http = user.Http();
        var random = new Random(3);
        for (var round = 0; round < 20; round++)
        {
            // Anywhere among the sealed instances (40 bytes of header before them, the manifest after them).
            var offset = random.Next(80, 6 * series.Files[0].Length);
            await FlipAsync(pack, offset);
            var refused = new List<int>();
            for (var i = 0; i < series.Files.Count; i++)
            {
                var path = $"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}/instances/{series.SopInstanceUids[i]}";
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
                request.Headers.TryAddWithoutValidation("Accept", "application/dicom; transfer-syntax=*, multipart/related; type=\"application/dicom\"; transfer-syntax=*");
                if (await BodyAsync(http, request) is { } body)
                {
                    Assert.True(body.AsSpan().IndexOf(series.Files[i]) >= 0, $"byte {offset}: instance {i} was served changed");
                }
                else
                {
                    refused.Add(i);
                }
            }

            // A byte of a stream's header is not read: the database holds its own copy.
            Assert.InRange(refused.Count, 0, 1);
            if (refused is [var broken])
            {
                await FramesAreRefusedAsync(http, series, broken);
            }

            await FlipAsync(pack, offset);
        }

        var files = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = series.SeriesInstanceUid }, user.Headers).FilesAsync();
        Assert.Equal(series.Files, series.SopInstanceUids.Select(uid => files[uid]));
    }

    /// <summary>The body of a complete answer; null when it was refused or broken off.</summary>
    private static async Task<byte[]?> BodyAsync(HttpClient http, HttpRequestMessage request)
    {
        try
        {
            using var answer = await http.SendAsync(request);
            if (answer.IsSuccessStatusCode)
            {
                return await answer.Content.ReadAsByteArrayAsync();
            }

            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.Contains("SEAL_BROKEN", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            return null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task FramesAreRefusedAsync(HttpClient http, SyntheticSeries series, int instance)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(
            $"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}/instances/{series.SopInstanceUids[instance]}/frames/1", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*");
        Assert.Null(await BodyAsync(http, request));
    }

    private static async Task FlipAsync(string pack, long offset)
    {
        await using var file = new FileStream(pack, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var one = new byte[1];
        file.Position = offset;
        await file.ReadExactlyAsync(one);
        one[0] ^= 0x10;
        file.Position = offset;
        await file.WriteAsync(one);
    }

    private static bool IsOf(string pack, Guid study)
    {
        using var file = new FileStream(pack, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var header = new byte[24];
        return file.ReadAtLeast(header, 24, throwOnEndOfStream: false) == 24 && header.AsSpan(8).SequenceEqual(study.ToByteArray(bigEndian: true));
    }
}
