using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.DicomFiles;

/// <summary>Every transfer syntax of PS3.6, retired and private ones too, through both faces and back, byte for byte.</summary>
[Collection(MeshCollection.Name)]
public sealed class TransferSyntaxTests(MeshFixture mesh)
{
    /// <summary>One of GE's own (implicit VR with big endian pixels), and one that nobody knows.</summary>
    private static readonly string[] Private = ["1.2.840.113619.5.2", "1.2.3.4.5.6.7"];

    [Fact]
    public async Task Every_transfer_syntax_comes_back_byte_for_byte_whichever_way_it_came()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var client = new DicomWebClient(user);
        string[] syntaxes = [.. TransferSyntax.All.Select(s => s.Uid).Order(StringComparer.Ordinal), .. Private];
        Assert.True(syntaxes.Length > 60);
        List<(string Syntax, EncodedInstance Instance)> made = [.. syntaxes.SelectMany((s, i) => new[] { (s, EncodedInstances.Make(s, 2 * i)), (s, EncodedInstances.Make(s, (2 * i) + 1)) })];

        // One of each by the streaming RPC, the other by STOW-RS.
        var response = await user.UploadAsync(made.Where((_, i) => i % 2 == 0).Select(m => m.Instance.File));
        Assert.All(response.Results, r => Assert.True(r.Outcome == Outcome.Stored, r.ToString()));
        var stored = await client.StoreAsync(made.Where((_, i) => i % 2 == 1).Select(m => m.Instance.File));
        Assert.True(stored.Status == HttpStatusCode.OK, stored.ToString());

        var failures = new List<string>();
        foreach (var (syntax, instance) in made)
        {
            try
            {
                await CheckAsync(user, client, syntax, instance);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Add($"{syntax} {DicomUid.NameOf(syntax)}: {e.Message}");
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private static async Task CheckAsync(TestUser user, DicomWebClient client, string syntax, EncodedInstance instance)
    {
        var request = new RetrieveInstanceRequest
        {
            StudyInstanceUid = instance.Identity.Study, SeriesInstanceUid = instance.Identity.Series, SopInstanceUid = instance.Identity.Instance,
        };
        Assert.Equal(instance.File, Assert.Single(await user.Studies.RetrieveInstance(request, user.Headers).FilesAsync()).Value);
        var part = Assert.Single((await client.GetAsync(instance.Path, "multipart/related; type=\"application/dicom\"; transfer-syntax=*")).Parts);
        Assert.Equal(instance.File, part.Content);
        Assert.Equal($"application/dicom; transfer-syntax={syntax}", part.ContentType);

        var metadata = Assert.Single((await client.GetAsync(instance.Path + "/metadata", "application/dicom+json")).Json.EnumerateArray());
        Assert.Equal(instance.Identity.Instance, metadata.First("00080018"));
        Assert.Equal("太郎", metadata.GetProperty("00100010").GetProperty("Value")[0].GetProperty("Ideographic").GetString()!.Split('^')[1]);
        Assert.Equal(["-2000"], metadata.Values("00280106"));
        Assert.Equal("00181063", metadata.First("00280009"));
        Assert.Equal("AQIDBA==", metadata.GetProperty("00211001").GetProperty("InlineBinary").GetString());

        if (instance.Frames.Count == 0) return;
        var list = string.Join(',', Enumerable.Range(1, instance.Frames.Count));
        var answer = await client.GetAsync($"{instance.Path}/frames/{list}", DicomWebClient.MultipartFrames);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(instance.Frames, answer.Parts.Select(p => p.Content));
    }
}
