using System.Net;
using System.Text;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.DicomFiles;

/// <summary>Files that are DICOM and something else (CVE-2019-11687): what could run is taken out and told, and nothing is ever shown as a page.</summary>
[Collection(MeshCollection.Name)]
public sealed class PreambleTests(MeshFixture mesh)
{
    [Theory]
    [InlineData("MZ")]
    [InlineData("\u007fELF")]
    [InlineData("#!/bin/sh\nid\n")]
    [InlineData("PK\u0003\u0004")]
    [InlineData("<html><script>alert(1)</script>")]
    [InlineData("%PDF-1.7")]
    public async Task A_preamble_that_could_make_the_file_run_is_zeroed_and_told(string preamble)
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var client = new DicomWebClient(user);
        var instance = new SmallInstance();
        var polyglot = With(instance.File, Encoding.Latin1.GetBytes(preamble));

        var result = Assert.Single((await user.UploadAsync([polyglot])).Results);
        Assert.Equal(Outcome.Stored, result.Outcome);
        Assert.Equal([InstanceWarning.PreambleCleared], result.Warnings);
        Assert.Equal(instance.File, await RetrieveAsync(user, instance));

        // "The same bytes" are those without it.
        var again = (await user.UploadAsync([polyglot, instance.File])).Results;
        Assert.Equal([Outcome.Duplicate, Outcome.Duplicate], again.Select(r => r.Outcome));
        Assert.Equal([InstanceWarning.PreambleCleared], again[0].Warnings);
        Assert.Empty(again[1].Warnings);

        var web = await client.StoreAsync([With((instance with { Instance = SyntheticSeries.NewUid() }).File, Encoding.Latin1.GetBytes(preamble))]);
        Assert.Equal(HttpStatusCode.Accepted, web.Status);
        var stored = Assert.Single(web.Items("00081199"));
        Assert.Equal(("45056", "PREAMBLE_CLEARED"), (stored.First("00081196"), stored.First("00000902")));
    }

    [Theory]
    [InlineData("II*\0")]
    [InlineData("MM\0*")]
    [InlineData("\0\0\0\0 a note of the scanner")]
    public async Task A_TIFF_header_and_what_nothing_takes_for_a_beginning_are_kept(string preamble)
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var instance = new SmallInstance();
        var file = With(instance.File, Encoding.Latin1.GetBytes(preamble));
        var result = Assert.Single((await user.UploadAsync([file])).Results);
        Assert.Equal((Outcome.Stored, 0), (result.Outcome, result.Warnings.Count));
        Assert.Equal(file, await RetrieveAsync(user, instance));
    }

    [Fact]
    public async Task What_is_retrieved_is_a_download_that_no_browser_looks_into()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var instance = new SmallInstance();
        var page = Encoding.ASCII.GetBytes("<html><script>alert(document.domain)</script>" + new string('x', 2000));
        var dataset = instance.Dataset.Set(DicomTags.SOPClassUID, SopClasses.EncapsulatedPdfStorage).Set(DicomTags.MIMETypeOfEncapsulatedDocument, "text/html")
            .SetBytes(DicomTags.EncapsulatedDocument, DicomVR.OB, page);
        Assert.Equal(Outcome.Stored, Assert.Single((await user.UploadAsync([DicomFile.ToArray(dataset)])).Results).Outcome);
        using var http = user.Http();
        var path = $"/dicomweb/studies/{instance.Study}/series/{instance.Series}/instances/{instance.Instance}";
        foreach (var (url, accept) in new[] { (path, "application/dicom; transfer-syntax=*"), (path, DicomWebClient.MultipartDicom), (path + "/bulkdata/00420011", "application/octet-stream"), (path + "/bulkdata/00420011", "*/*") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using var response = await http.SendAsync(request);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{url} {accept}: {response.StatusCode}");
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.True(response.Content.Headers.ContentDisposition?.DispositionType == "attachment", $"{url} {accept}: {response.Content.Headers.ContentDisposition}");
            Assert.Contains(response.Content.Headers.ContentType!.MediaType, (string[])["application/dicom", "multipart/related", "application/octet-stream"]);
            Assert.Contains("sandbox", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        }
    }

    private static byte[] With(byte[] file, byte[] preamble)
    {
        var copy = file.ToArray();
        preamble.CopyTo(copy, 0);
        return copy;
    }

    private static async Task<byte[]> RetrieveAsync(TestUser user, SmallInstance instance)
    {
        var request = new RetrieveInstanceRequest { StudyInstanceUid = instance.Study, SeriesInstanceUid = instance.Series, SopInstanceUid = instance.Instance };
        return Assert.Single(await user.Studies.RetrieveInstance(request, user.Headers).FilesAsync()).Value;
    }
}
