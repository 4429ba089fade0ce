using System.Net;
using System.Text.Json;
using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>QIDO-RS as viewers use it, on five small studies of one owner.</summary>
[Collection(MeshCollection.Name)]
public sealed class SearchTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private const string StudyUid = "0020000D";
    private const string PatientName = "00100010";

    private static readonly SmallInstance Adams = new() { PatientName = "ADAMS^John Robert Quincy^^Rev.", StudyDate = "20230115", StudyTime = "081530", Modality = "CT", StudyDescription = "Chest survey" };
    private static readonly SmallInstance Mueller = new() { PatientName = "Müller^Jürgen", StudyDate = "20230701", StudyTime = "235959.5", StudyDescription = "Knee review" };
    private static readonly SmallInstance Yamada = new() { PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう", StudyDate = "20240229", StudyDescription = "頭部" };
    private static readonly SmallInstance Ivanov = new() { PatientName = "Иванов^Иван", StudyDate = "20241231" };
    private static readonly SmallInstance Hong = new() { PatientName = "Hong^Gildong=洪^吉洞=홍^길동", StudyDate = "", StudyTime = "", PatientId = "" };

    // Two series in the first study, the second of two instances.
    private static readonly SmallInstance AdamsSegmentation = Adams with { Series = SyntheticSeries.NewUid(), Instance = SyntheticSeries.NewUid(), Modality = "SEG", SeriesNumber = "7", SeriesDescription = "Lungs" };
    private static readonly SmallInstance AdamsSegmentation2 = AdamsSegmentation with { Instance = SyntheticSeries.NewUid(), InstanceNumber = "2" };

    private DicomWebClient _client = null!;

    public async Task InitializeAsync()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        await user.UploadAsync(new[] { Adams, Mueller, Yamada, Ivanov, Hong, AdamsSegmentation2, AdamsSegmentation }.Select(i => i.File));
        var stranger = await mesh.NewUserAsync(Role.HealthProfessional);
        await stranger.UploadAsync([new SmallInstance { PatientName = "ADAMS^Of another owner" }.File]);
        _client = new DicomWebClient(user);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task The_study_list_of_the_viewer_holds_the_callers_studies_with_what_it_asks_for()
    {
        var all = await _client.SearchAsync("studies?limit=101&offset=0&fuzzymatching=true&includefield=00081030,00080060,00080090,00100030");
        Assert.Equal(5, all.Count);
        var adams = all.Single(s => s.First(StudyUid) == Adams.Study);
        Assert.Equal("Chest survey", adams.First("00081030"));
        Assert.Equal(["CT", "SEG"], adams.Values("00080061").Order());
        Assert.Equal(("20230115", "081530", "Referrer^Rita", "19700101"), (adams.First("00080020"), adams.First("00080030"), adams.First("00080090"), adams.First("00100030")));
        Assert.Equal(("2", "3"), (adams.First("00201206"), adams.First("00201208")));
        Assert.EndsWith("/dicomweb/studies/" + Adams.Study, adams.First("00081190"), StringComparison.Ordinal);

        // Required attributes are there also where they have no value (PS3.18 table 10.6.3-3).
        var hong = all.Single(s => s.First(StudyUid) == Hong.Study);
        Assert.All(["00080020", "00080030", "00100020"], tag => Assert.False(hong.GetProperty(tag).TryGetProperty("Value", out _)));
        Assert.True(hong.TryGetProperty("00100010", out var name));
        Assert.Equal(("Hong^Gildong", "洪^吉洞", "홍^길동"), Groups(name));
    }

    [Theory]
    [InlineData("PatientName=adams*", "Adams")]
    [InlineData("00100010=ADAMS^john*", "Adams")]
    [InlineData("PatientName=*JÜRGEN*", "Mueller")]
    [InlineData("PatientName=müller^jürgen", "Mueller")]
    [InlineData("PatientName=m?ller*", "Mueller")]
    [InlineData("PatientName=山田*", "Yamada")]
    [InlineData("PatientName=やまだ^たろう", "Yamada")]
    [InlineData("PatientName=иванов*", "Ivanov")]
    [InlineData("PatientName=*иван", "Ivanov")]
    [InlineData("PatientName=홍*", "Hong")]
    [InlineData("PatientName=gildong&fuzzymatching=true", "Hong")]
    [InlineData("PatientName=john+ada&fuzzymatching=true", "Adams")]
    [InlineData("PatientName=Nobody", "")]
    [InlineData("StudyDescription=*view*", "Mueller")]
    [InlineData("StudyDescription=*SURVEY*", "")]
    [InlineData("StudyDescription=頭部", "Yamada")]
    [InlineData("StudyDate=20230701", "Mueller")]
    [InlineData("StudyDate=20230101-20231231", "Adams,Mueller")]
    [InlineData("StudyDate=20240229-", "Yamada,Ivanov")]
    [InlineData("StudyDate=-20230115", "Adams")]
    [InlineData("StudyTime=2300-2359", "Mueller")]
    [InlineData("StudyDate=20230115-20230701&StudyTime=0900-2359", "Mueller")]
    [InlineData("StudyDate=20230115-20230701&StudyTime=0800-1200", "Adams")]
    [InlineData("StudyDate=20230115-&StudyTime=1200-", "Mueller,Yamada,Ivanov")]
    [InlineData("StudyDate=20230115&StudyTime=0800-1200", "Adams")]
    [InlineData("StudyDate=20230701&StudyTime=0800-1200", "")]
    [InlineData("ModalitiesInStudy=SEG\\US", "Adams")]
    [InlineData("RequestAttributesSequence.ScheduledProcedureStepID=", "Adams,Mueller,Yamada,Ivanov,Hong")]
    [InlineData("ModalitiesInStudy=SEG", "Adams")]
    [InlineData("00080061=CT", "Adams")]
    [InlineData("Modality=CT", "Adams")]
    [InlineData("StudyInstanceUID=", "Adams,Mueller,Yamada,Ivanov,Hong")]
    [InlineData("PatientName=*", "Adams,Mueller,Yamada,Ivanov,Hong")]
    [InlineData("PatientSex=O&StudyDate=20241231", "Ivanov")]
    [InlineData("ReferringPhysicianName=referrer*&StudyDate=20241231", "Ivanov")]
    public async Task Studies_are_matched_as_the_standard_says(string query, string expected)
    {
        var names = new Dictionary<string, string> { [Adams.Study] = "Adams", [Mueller.Study] = "Mueller", [Yamada.Study] = "Yamada", [Ivanov.Study] = "Ivanov", [Hong.Study] = "Hong" };
        var found = (await _client.SearchAsync("studies?" + Escape(query))).Select(s => names[s.First(StudyUid)!]);
        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(), found.Order());
    }

    [Fact]
    public async Task Identifiers_are_matched_exactly_and_UIDs_by_lists()
    {
        Assert.Equal([Mueller.Study], await StudiesAsync($"00100020={Mueller.PatientId}"));
        Assert.Empty(await StudiesAsync($"PatientID={Mueller.PatientId[..^1]}"));
        Assert.Equal([Mueller.Study], await StudiesAsync($"PatientID={Mueller.PatientId[..^1]}?"));
        Assert.Equal([Ivanov.Study], await StudiesAsync($"AccessionNumber=A-{Ivanov.PatientId}"));
        string[] two = [Adams.Study, Yamada.Study];
        Assert.Equal(two.Order(), (await StudiesAsync($"StudyInstanceUID={Adams.Study}\\{Yamada.Study}")).Order());
        Assert.Equal(two.Order(), (await StudiesAsync($"StudyInstanceUID={Adams.Study},{Yamada.Study}")).Order());
        Assert.Equal(two.Order(), (await StudiesAsync($"StudyInstanceUID={Adams.Study}&StudyInstanceUID={Yamada.Study}")).Order());
        Assert.Empty(await StudiesAsync($"StudyInstanceUID={SyntheticSeries.NewUid()}"));
    }

    [Fact]
    public async Task Pages_follow_each_other_newest_first_without_gap_or_overlap()
    {
        var all = await StudiesAsync("");
        Assert.Equal([Ivanov.Study, Yamada.Study, Mueller.Study, Adams.Study], all.Where(u => u != Hong.Study));
        var paged = new List<string>();
        for (var offset = 0; offset <= 6; offset += 2)
        {
            var page = await StudiesAsync($"limit=2&offset={offset}");
            Assert.Equal(Math.Clamp(5 - offset, 0, 2), page.Count);
            paged.AddRange(page);
        }

        Assert.Equal(all, paged);
    }

    [Fact]
    public async Task Series_are_found_in_every_form_of_the_address()
    {
        var series = await _client.SearchAsync($"studies/{Adams.Study}/series?includefield=00080021,00080031,0008103E,00200011");
        Assert.Equal([Adams.Series, AdamsSegmentation.Series], series.Select(s => s.First("0020000E")));
        var first = series[0];
        Assert.Equal(("CT", "Axial", "1", "1"), (first.First("00080060"), first.First("0008103E"), first.First("00200011"), first.First("00201209")));
        Assert.Equal(("20230115", "081530"), (first.First("00080021"), first.First("00080031")));
        Assert.EndsWith($"/dicomweb/studies/{Adams.Study}/series/{Adams.Series}", first.First("00081190"), StringComparison.Ordinal);
        Assert.Equal("2", series[1].First("00201209"));

        var one = Assert.Single(await _client.SearchAsync($"studies/{Adams.Study}/series?SeriesInstanceUID={AdamsSegmentation.Series}"));
        Assert.Equal("SEG", one.First("00080060"));
        var everywhere = await _client.SearchAsync("series?Modality=MR&includefield=PatientName");
        Assert.Equal(4, everywhere.Count);
        Assert.All(everywhere, s => Assert.NotNull(s.First(StudyUid)));
        Assert.Contains(Escape("Müller^Jürgen"), everywhere.Select(s => Escape(s.First(PatientName) ?? "")));
        Assert.Empty(await _client.SearchAsync($"studies/{SyntheticSeries.NewUid()}/series"));
    }

    [Fact]
    public async Task Instances_are_found_in_every_form_of_the_address()
    {
        var ofSeries = await _client.SearchAsync($"studies/{Adams.Study}/series/{AdamsSegmentation.Series}/instances");
        Assert.Equal([AdamsSegmentation.Instance, AdamsSegmentation2.Instance], ofSeries.Select(i => i.First("00080018")));
        Assert.Equal(("1.2.840.10008.5.1.4.1.1.4", "1", "4", "4", "16"), (ofSeries[0].First("00080016"), ofSeries[0].First("00200013"), ofSeries[0].First("00280010"), ofSeries[0].First("00280011"), ofSeries[0].First("00280100")));
        Assert.EndsWith($"/series/{AdamsSegmentation.Series}/instances/{AdamsSegmentation.Instance}", ofSeries[0].First("00081190"), StringComparison.Ordinal);
        Assert.Equal(3, (await _client.SearchAsync($"studies/{Adams.Study}/instances")).Count);
        Assert.Equal(7, (await _client.SearchAsync("instances")).Count);
        Assert.Equal(AdamsSegmentation2.Instance, Assert.Single(await _client.SearchAsync("instances?InstanceNumber=2")).First("00080018"));
        Assert.Equal(Adams.Instance, Assert.Single(await _client.SearchAsync($"instances?SOPInstanceUID={Adams.Instance}")).First("00080018"));

        // An attribute that only the instance's own metadata hold, and all of them.
        var included = await _client.SearchAsync($"studies/{Adams.Study}/instances?includefield=PatientSex,00081030");
        Assert.All(included, i => Assert.Equal(("O", "Chest survey"), (i.First("00100040"), i.First("00081030"))));
        Assert.Equal("Rita", (await _client.SearchAsync($"studies/{Adams.Study}/instances?includefield=all&limit=1"))[0].First("00080090")!.Split('^')[1]);
    }

    [Theory]
    [InlineData("studies?NoSuchAttribute=1", "NoSuchAttribute")]
    [InlineData("studies?00130010x=1", "00130010x")]
    [InlineData("studies?includefield=NoSuchAttribute", "includefield")]
    [InlineData("studies?limit=-1", "limit")]
    [InlineData("studies?limit=ten", "limit")]
    [InlineData("studies?offset=99999999999", "offset")]
    [InlineData("studies?fuzzymatching=perhaps", "fuzzymatching")]
    [InlineData("studies?StudyDate=yesterday", "")]
    [InlineData("studies?StudyDate=20240101-20240199", "")]
    [InlineData("studies?SOPInstanceUID=1.2.3", "")]
    [InlineData("instances?InstanceNumber=one", "")]
    [InlineData("studies/not-a-uid/series", "study")]
    public async Task What_cannot_be_searched_for_is_refused_by_name(string query, string named)
    {
        var answer = await _client.GetAsync(query, "application/dicom+json");
        Assert.True(answer.Status == HttpStatusCode.BadRequest, answer.ToString());
        Assert.Equal("FIELD_INVALID", answer.Reason);
        Assert.Contains(named, answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_JSON_is_offered()
    {
        var answer = await _client.GetAsync("studies", "application/dicom+xml");
        Assert.Equal((HttpStatusCode.NotAcceptable, "NOT_ACCEPTABLE"), (answer.Status, answer.Reason));
        Assert.Equal("application/json", (await _client.GetAsync("studies", "application/json")).ContentType);
        Assert.Equal("application/dicom+json", (await _client.GetAsync("studies", "*/*")).ContentType);
    }

    private async Task<List<string>> StudiesAsync(string query) =>
        [.. (await _client.SearchAsync("studies?" + Escape(query))).Select(s => s.First(StudyUid)!)];

    private static string Escape(string query) => Uri.EscapeDataString(query).Replace("%3D", "=", StringComparison.Ordinal)
        .Replace("%26", "&", StringComparison.Ordinal).Replace("%2A", "*", StringComparison.Ordinal).Replace("%2B", "+", StringComparison.Ordinal).Replace("%2C", ",", StringComparison.Ordinal);

    private static (string?, string?, string?) Groups(JsonElement name)
    {
        var value = name.GetProperty("Value")[0];
        return (value.GetProperty("Alphabetic").GetString(), value.GetProperty("Ideographic").GetString(), value.GetProperty("Phonetic").GetString());
    }
}
