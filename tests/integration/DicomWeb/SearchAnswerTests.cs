using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>QIDO-RS beyond single attributes: sequences, pages that say that they are not all, bulk data in matches.</summary>
[Collection(MeshCollection.Name)]
public sealed class SearchAnswerTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private static readonly SmallInstance First = new() { StudyDate = "20240101" };
    private static readonly SmallInstance FirstB = First with { Series = SyntheticSeries.NewUid(), Instance = SyntheticSeries.NewUid(), SeriesNumber = "2" };
    private static readonly SmallInstance FirstB2 = FirstB with { Instance = SyntheticSeries.NewUid(), InstanceNumber = "2" };
    private static readonly SmallInstance Second = new() { StudyDate = "20240102" };
    private static readonly SmallInstance Third = new() { StudyDate = "20240103" };
    private readonly byte[] _pixels = new byte[100_000];
    private DicomWebClient _client = null!;

    public async Task InitializeAsync()
    {
        new Random(3).NextBytes(_pixels);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        var third = Third.Dataset.Set(DicomTags.Rows, 250d).Set(DicomTags.Columns, 200d).SetBytes(DicomTags.PixelData, DicomVR.OW, _pixels);
        await user.UploadAsync([Requested(First, "SPS-1", "RP-1"), Requested(FirstB, "SPS-2", "RP-1"), Requested(FirstB2, "SPS-2", "RP-1"), Requested(Second, "SPS-1", "RP-2"), DicomFile.ToArray(third)]);
        _client = new DicomWebClient(user);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Theory]
    [InlineData("series?RequestAttributesSequence.ScheduledProcedureStepID=SPS-2", 1)]
    [InlineData("series?RequestAttributesSequence.ScheduledProcedureStepID=SPS-*", 3)]
    [InlineData("series?00400275.00400009=SPS-1", 2)]
    [InlineData("series?00400275.00401001=RP-1&00400275.00400009=SPS-1", 1)]
    [InlineData("series?RequestAttributesSequence.RequestedProcedureID=RP-1", 2)]
    [InlineData("series?RequestAttributesSequence.ScheduledProcedureStepID=", 4)]
    [InlineData("instances?RequestAttributesSequence.ScheduledProcedureStepID=SPS-2", 2)]
    [InlineData("instances?00081140.00081155=1.2.3.4.5", 4)]
    [InlineData("instances?ReferencedImageSequence.ReferencedSOPInstanceUID=9.9,1.2.3.4.5", 4)]
    [InlineData("instances?ReferencedImageSequence.PurposeOfReferenceCodeSequence.CodeValue=121311", 4)]
    [InlineData("instances?ReferencedImageSequence.PurposeOfReferenceCodeSequence.CodeValue=12131?", 4)]
    [InlineData("instances?ReferencedImageSequence.PurposeOfReferenceCodeSequence.CodeValue=1", 0)]
    public async Task Sequences_are_matched_by_paths_of_keywords_and_of_tags(string query, int expected) =>
        Assert.Equal(expected, (await _client.SearchAsync(query)).Count);

    [Fact]
    public async Task A_condition_on_a_sequence_returns_the_sequence()
    {
        var found = Assert.Single(await _client.SearchAsync($"studies/{First.Study}/series?RequestAttributesSequence.ScheduledProcedureStepID=SPS-1"));
        Assert.Equal("SPS-1", found.GetProperty("00400275").GetProperty("Value")[0].First("00400009"));
        var included = await _client.SearchAsync("instances?includefield=ReferencedImageSequence.ReferencedSOPInstanceUID");
        Assert.Equal(4, included.Count(i => i.TryGetProperty("00081140", out _)));
    }

    [Theory]
    [InlineData("studies?limit=2", "There are 1 additional results that can be requested")]
    [InlineData("studies?limit=2&offset=1", "")]
    [InlineData("studies?limit=1&offset=1", "There are 1 additional results that can be requested")]
    [InlineData("studies?limit=3", "")]
    [InlineData("studies?limit=2&offset=100", "")]
    [InlineData("studies?limit=1&PatientSex=O", "There are 2 additional results that can be requested")]
    [InlineData("studies?limit=1&TimezoneOffsetFromUTC=", "There are 2 additional results that can be requested")]
    [InlineData("series?limit=1", "There are 3 additional results that can be requested")]
    [InlineData("series?limit=1&SeriesNumber=1", "There are 2 additional results that can be requested")]
    [InlineData("instances?limit=2", "There are 3 additional results that can be requested")]
    [InlineData("instances?limit=2&InstanceNumber=1", "There are additional results that can be requested")]
    [InlineData("instances?limit=1&InstanceNumber=2", "")]
    [InlineData("instances?limit=1&ReferencedImageSequence.ReferencedSOPInstanceUID=1.2.3.4.5", "There are additional results that can be requested")]
    public async Task A_page_says_whether_it_is_all(string query, string warning)
    {
        var answer = await _client.GetAsync(query);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(warning, answer.Header("Warning") is { Length: > 0 } header ? header.Split('"')[1] : "");
        if (warning.Length > 0)
        {
            Assert.StartsWith("299 ", answer.Header("Warning"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("studies/{0}/series", 2)]
    [InlineData("studies/{0}/instances", 3)]
    [InlineData("studies/{0}/series/{1}/instances", 2)]
    public async Task Pages_of_one_study_count_what_remains_of_it(string path, int all)
    {
        path = path.Replace("{0}", First.Study, StringComparison.Ordinal).Replace("{1}", FirstB.Series, StringComparison.Ordinal);
        var answer = await _client.GetAsync(path + "?limit=1");
        Assert.Contains($"There are {all - 1} additional", answer.Header("Warning"), StringComparison.Ordinal);
        Assert.Equal("", (await _client.GetAsync($"{path}?limit={all}")).Header("Warning"));
    }

    [Fact]
    public async Task All_attributes_of_an_instance_name_bulk_data_that_can_be_fetched()
    {
        var found = Assert.Single(await _client.SearchAsync($"studies/{Third.Study}/instances?includefield=all"));
        var uri = found.GetProperty("7FE00010").GetProperty("BulkDataURI").GetString()!;
        Assert.Equal(_pixels, (await _client.GetAsync(uri, "application/octet-stream")).Body);
        Assert.Equal(("ONLINE", "ISO_IR 192"), (found.First("00080056"), found.First("00080005")));
        Assert.EndsWith($"/studies/{Third.Study}/series/{Third.Series}/instances/{Third.Instance}", found.First("00081190"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_bulk_data_of_a_study_series_or_instance_are_had_at_once()
    {
        var instance = $"studies/{Third.Study}/series/{Third.Series}/instances/{Third.Instance}";
        foreach (var path in new[] { $"studies/{Third.Study}", $"studies/{Third.Study}/series/{Third.Series}", instance })
        {
            var part = Assert.Single((await _client.GetAsync(path + "/bulkdata", "multipart/related; type=\"application/octet-stream\"")).Parts);
            Assert.EndsWith($"/dicomweb/{instance}/bulkdata/7FE00010", part.Location, StringComparison.Ordinal);
            Assert.Equal(_pixels, part.Content);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync($"studies/{First.Study}/bulkdata")).Status);
    }

    [Fact]
    public async Task Related_objects_are_counted_on_each_level()
    {
        var study = Assert.Single(await _client.SearchAsync($"studies?StudyInstanceUID={First.Study}"));
        Assert.Equal(("2", "3", "ONLINE"), (study.First("00201206"), study.First("00201208"), study.First("00080056")));
        var series = Assert.Single(await _client.SearchAsync($"series?SeriesInstanceUID={FirstB.Series}"));
        Assert.Equal(("2", "2", "3"), (series.First("00201209"), series.First("00201206"), series.First("00201208")));
    }

    private static byte[] Requested(SmallInstance instance, string step, string procedure) => DicomFile.ToArray(instance.Dataset
        .SetItems(DicomTags.RequestAttributesSequence, new DicomDataset().Set(DicomTags.ScheduledProcedureStepID, step).Set(DicomTags.RequestedProcedureID, procedure))
        .SetItems(DicomTags.ReferencedImageSequence, new DicomDataset()
            .Set(DicomTags.ReferencedSOPClassUID, "1.2.840.10008.5.1.4.1.1.4").Set(DicomTags.ReferencedSOPInstanceUID, "1.2.3.4.5")
            .SetItems(DicomTags.PurposeOfReferenceCodeSequence, new DicomDataset()
                .Set(DicomTags.CodeValue, "121311").Set(DicomTags.CodingSchemeDesignator, "DCM").Set(DicomTags.CodeMeaning, "Localizer"))));
}
