using System.Net;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.IntegrationTests.DicomWeb;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Xunit;
using Outcome = MedCloudCare.Study.V1.InstanceResult.Types.Outcome;

namespace MedCloudCare.IntegrationTests.DicomFiles;

/// <summary>Instances of every SOP class are taken, and what is large in them is bulk data wherever it stands.</summary>
[Collection(MeshCollection.Name)]
public sealed class SopClassTests(MeshFixture mesh)
{
    [Fact]
    public async Task Instances_of_every_SOP_class_are_stored_and_come_back()
    {
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var client = new DicomWebClient(user);
        var common = new SmallInstance();
        string[] classes =
        [
            .. DicomUid.Registered.Where(u => u.Type == "SOP Class" && u.Name.Contains("Storage", StringComparison.Ordinal)).Select(u => u.Uid).Order(StringComparer.Ordinal),
            "1.2.840.10008.5.1.4.1.1.99999.1", "1.3.12.2.1107.5.9.1", DicomUid.Create(),
        ];
        Assert.True(classes.Length > 180, $"only {classes.Length} classes");
        var files = classes.Select((c, i) => DicomFile.ToArray((common with { Instance = SyntheticSeries.NewUid(), InstanceNumber = $"{i + 1}" }).Dataset.Set(DicomTags.SOPClassUID, c))).ToList();

        var half = files.Count / 2;
        Assert.All((await user.UploadAsync(files.Take(half))).Results, r => Assert.True(r.Outcome == Outcome.Stored, r.ToString()));
        var stored = await client.StoreAsync(files.Skip(half));
        Assert.True(stored.Status == HttpStatusCode.OK, stored.ToString());

        var back = await user.Studies.RetrieveSeries(new RetrieveSeriesRequest { SeriesInstanceUid = common.Series }, user.Headers).FilesAsync();
        Assert.Equal(files, back.Values);
        var found = await client.SearchAsync($"studies/{common.Study}/instances?limit=1000");
        Assert.Equal(classes.Order(StringComparer.Ordinal), found.Select(f => f.First("00080016")!).Order(StringComparer.Ordinal));
        var study = Assert.Single(await client.SearchAsync($"studies?StudyInstanceUID={common.Study}&includefield=SOPClassesInStudy"));
        Assert.Equal(classes.Order(StringComparer.Ordinal), study.Values("00080062").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("document", "00420011")]
    [InlineData("waveform", "54000100/0/54001010")]
    [InlineData("palette", "00281201")]
    [InlineData("private", "00211001")]
    [InlineData("mesh", "00660002/0/00660011/0/00660016")]
    [InlineData("dose", "7FE00010")]
    public async Task What_is_large_is_bulk_data_at_its_path(string kind, string path)
    {
        var content = new byte[20_000];
        new Random(kind.Length).NextBytes(content);
        var identity = new SmallInstance();
        var dataset = Fill(identity.Dataset, kind, content);
        var user = await mesh.NewUserAsync(Role.HealthProfessional);
        using var client = new DicomWebClient(user);
        Assert.Equal(HttpStatusCode.OK, (await client.StoreAsync([DicomFile.ToArray(dataset)])).Status);

        var instance = $"studies/{identity.Study}/series/{identity.Series}/instances/{identity.Instance}";
        var metadata = Assert.Single((await client.GetAsync(instance + "/metadata", "application/dicom+json")).Json.EnumerateArray());
        var (uri, _) = Assert.Single(BulkData.Of(metadata));
        Assert.EndsWith($"/{instance}/bulkdata/{path}", uri, StringComparison.Ordinal);
        Assert.Equal(content, (await client.GetAsync(uri, "application/octet-stream")).Body);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(uri + "/0/00420011", "application/octet-stream")).Status);
    }

    private static DicomDataset Fill(DicomDataset dataset, string kind, byte[] content) => kind switch
    {
        "document" => dataset.Set(DicomTags.SOPClassUID, SopClasses.EncapsulatedPdfStorage).Set(DicomTags.MIMETypeOfEncapsulatedDocument, "application/pdf")
            .SetBytes(DicomTags.EncapsulatedDocument, DicomVR.OB, content),
        "waveform" => dataset.Set(DicomTags.SOPClassUID, "1.2.840.10008.5.1.4.1.1.9.1.1").SetItems(DicomTags.WaveformSequence, new DicomDataset()
            .Set(DicomTags.NumberOfWaveformChannels, 1d).Set(DicomTags.WaveformBitsAllocated, 16d).SetBytes(DicomTags.WaveformData, DicomVR.OW, content)),
        "palette" => dataset.SetBytes(DicomTags.RedPaletteColorLookupTableData, DicomVR.OW, content),
        "private" => dataset.SetBytes(new DicomTag(0x0021, 0x0010), DicomVR.LO, "ACME"u8.ToArray()).SetBytes(new DicomTag(0x0021, 0x1001), DicomVR.UN, content),
        "mesh" => dataset.Set(DicomTags.SOPClassUID, "1.2.840.10008.5.1.4.1.1.66.5").SetItems(DicomTags.SurfaceSequence, new DicomDataset()
            .SetItems(DicomTags.SurfacePointsSequence, new DicomDataset().SetBytes(DicomTags.PointCoordinatesData, DicomVR.OF, content))),
        _ => dataset.Set(DicomTags.SOPClassUID, SopClasses.RTDoseStorage).Set(DicomTags.Rows, 100d).Set(DicomTags.Columns, 100d).SetBytes(DicomTags.PixelData, DicomVR.OW, content),
    };
}
