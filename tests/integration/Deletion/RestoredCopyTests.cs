using System.Net;
using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.Deletion;

/// <summary>Puts back a copy of database and object store. Has a mesh of its own.</summary>
public sealed class RestoredCopyTests(MeshFixture mesh) : IClassFixture<MeshFixture>
{
    [Fact]
    public async Task A_copy_made_before_a_deletion_opens_nothing_of_the_study_with_the_keys_of_today_and_everything_else()
    {
        var owner = await mesh.NewUserAsync(Role.HealthProfessional);
        var deleted = new SyntheticSeries(slices: 3);
        var kept = new SyntheticSeries(slices: 3);
        await owner.UploadAsync(deleted.Files);
        await owner.UploadAsync(kept.Files);
        var study = (await owner.Studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = deleted.StudyInstanceUid }, owner.Headers)).Studies.Single().Name;
        string[] copied = [Cluster(), Path.Combine(mesh.Data, "objects")];

        // 1. The copy.
        (await mesh.RunAsync(["down"])).EnsureSuccess();
        foreach (var directory in copied)
        {
            (await Programs.RunAsync("cp", ["-a", directory, directory + ".copy"])).EnsureSuccess();
        }

        // 2. The deletion.
        await mesh.UpAsync();
        using (var client = mesh.Client(owner.Token))
        {
            (await client.DeleteAsync(new Uri("/v1/" + study, UriKind.Relative))).EnsureSuccessStatusCode();
        }

        // 3. The copy put back, the keys as they are today.
        (await mesh.RunAsync(["down"])).EnsureSuccess();
        foreach (var directory in copied)
        {
            Directory.Delete(directory, recursive: true);
            Directory.Move(directory + ".copy", directory);
        }

        await mesh.UpAsync();
        using var restored = mesh.Client(owner.Token);
        using var list = JsonDocument.Parse(await restored.GetStringAsync(new Uri("/v1/studies", UriKind.Relative)));
        Assert.Equal(kept.StudyInstanceUid, Assert.Single(list.RootElement.GetProperty("studies").EnumerateArray()).GetProperty("studyInstanceUid").GetString());
        foreach (var path in new[] { "", "/metadata", $"/series/{deleted.SeriesInstanceUid}/instances/{deleted.SopInstanceUids[0]}" })
        {
            using var answer = await restored.GetAsync(new Uri($"/dicomweb/studies/{deleted.StudyInstanceUid}{path}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        for (var i = 0; i < kept.Files.Count; i++)
        {
            Assert.Equal(kept.Files[i], await FileAsync(restored, kept, i));
        }

        // 4. The same study again is a new one.
        using var body = new MultipartContent("related") { new ByteArrayContent(deleted.Files[0]) { Headers = { { "Content-Type", "application/dicom" } } } };
        body.Headers.ContentType!.Parameters.Add(new("type", "\"application/dicom\""));
        (await restored.PostAsync(new Uri("/dicomweb/studies", UriKind.Relative), body)).EnsureSuccessStatusCode();
        Assert.Equal(deleted.Files[0], await FileAsync(restored, deleted, 0));
    }

    /// <summary>One instance over WADO-RS: the only part of the answer.</summary>
    private static async Task<byte[]> FileAsync(HttpClient client, SyntheticSeries series, int index)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(
            $"/dicomweb/studies/{series.StudyInstanceUid}/series/{series.SeriesInstanceUid}/instances/{series.SopInstanceUids[index]}", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", "multipart/related; type=\"application/dicom\"; transfer-syntax=*");
        using var answer = await client.SendAsync(request);
        var body = await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        var start = body.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        return body[start..(start + series.Files[index].Length)];
    }

    private string Cluster()
    {
        using var state = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(mesh.Data, "run", "mesh.json")));
        return state.RootElement.GetProperty("Cluster").GetString()!;
    }
}
