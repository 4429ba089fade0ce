using System.Text;

namespace MedCloudCare.Dicom.Tests;

public sealed class JsonTests
{
    [Fact]
    public void Values_follow_annex_F()
    {
        var dataset = new DicomDataset()
            .Set(DicomTags.PatientName, "Yamada^Tarou=山田^太郎=やまだ^たろう")
            .Set(DicomTags.PatientID)
            .Set(DicomTags.OtherPatientNames, "A^B", "", "C")
            .Set(new DicomTag(0x0020, 0x0013), "7", "1A", "99999999999999999")
            .Set(DicomTags.PixelSpacing, "0.50", "abc")
            .SetTags(DicomTags.FrameIncrementPointer, new DicomTag(0x00181063))
            .Set(DicomTags.DiffusionBValue, double.NaN, double.NegativeInfinity, 0.1)
            .SetBytes(DicomTags.SelectorUVValue, DicomVR.UV, BitConverter.GetBytes(ulong.MaxValue))
            .SetBytes(DicomTags.EncapsulatedDocument, DicomVR.OB, new byte[] { 1, 2, 255 })
            .SetItems(DicomTags.RequestAttributesSequence)
            .Set(new DicomElement(new DicomTag(0x00080000), DicomVR.UL, new byte[4]))
            .Set(new DicomElement(DicomTags.TransferSyntaxUID, DicomVR.UI, "1.2"u8.ToArray()));
        string[] expected =
        [
            """ "00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}]} """,
            """ "00100020":{"vr":"LO"} """,
            """ "00101001":{"vr":"PN","Value":[{"Alphabetic":"A^B"},null,{"Alphabetic":"C"}]} """,
            """ "00189087":{"vr":"FD","Value":["NaN","-Infinity",0.1]} """,
            """ "00200013":{"vr":"IS","Value":[7,"1A","99999999999999999"]} """,
            """ "00280009":{"vr":"AT","Value":["00181063"]} """,
            """ "00280030":{"vr":"DS","Value":[0.5,"abc"]} """,
            """ "00400275":{"vr":"SQ"} """,
            """ "00420011":{"vr":"OB","InlineBinary":"AQL/"} """,
            """ "00720083":{"vr":"UV","Value":["18446744073709551615"]} """,
        ];
        Assert.Equal($"{{{string.Join(',', expected.Select(x => x.Trim()))}}}", Encoding.UTF8.GetString(dataset.ToJson()));
    }

    [Fact]
    public void Placeholders_become_the_instance_URL_and_text_cannot_pose_as_one()
    {
        var forged = "\"BulkDataURI\":\"{base}/bulkdata/x\"";
        var dataset = SampleFiles.Image(64, 64, 1).Set(DicomTags.ImageComments, forged).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[64 * 64 * 2]);
        dataset.SetItems(DicomTags.IconImageSequence, new DicomDataset().SetBytes(DicomTags.PixelData, DicomVR.OB, new byte[4]));
        var info = DicomInstanceScanner.Scan(DicomFile.ToArray(dataset));
        var json = Encoding.UTF8.GetString(BulkDataUri.Resolve(info.Json.Span, "https://h/dicomweb/studies/1"));
        Assert.Contains("\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"https://h/dicomweb/studies/1/bulkdata/7FE00010\"}", json, StringComparison.Ordinal);
        Assert.Contains("https://h/dicomweb/studies/1/bulkdata/00880200/0/7FE00010", json, StringComparison.Ordinal);
        Assert.Equal(forged, DicomDataset.FromJson(Encoding.UTF8.GetBytes(json)).GetString(DicomTags.ImageComments));
        Assert.Equal(["00880200/0/7FE00010", "7FE00010"], info.BulkData.Select(x => x.Path));
    }

    [Fact]
    public void Numbers_of_JSON_become_decimal_strings_that_fit()
    {
        var dataset = DicomDataset.FromJson("""{"00280030":{"vr":"DS","Value":[0.30000000000000004,1e-7]},"00200013":{"vr":"IS","Value":[3,null]}}"""u8);
        Assert.All(dataset.GetStrings(DicomTags.PixelSpacing), x => Assert.InRange(x.Length, 1, 16));
        Assert.Equal([0.3, 1e-7], dataset.GetDoubles(DicomTags.PixelSpacing).Select(x => Math.Round(x, 10)));
        Assert.Equal(["3", ""], dataset.GetStrings(DicomTags.InstanceNumber));
        Assert.Equal(ulong.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture), new DicomDataset().SetBytes(DicomTags.SelectorUVValue, DicomVR.UV, BitConverter.GetBytes(ulong.MaxValue)).GetString(DicomTags.SelectorUVValue));
    }

    [Fact]
    public void Arrays_of_data_sets_are_read() =>
        Assert.Equal(["A", "B"], DicomJsonReader.ReadAll("""[{"00100020":{"vr":"LO","Value":["A"]}},{"00100020":{"vr":"LO","Value":["B"]}}]"""u8).Select(x => x.GetString(DicomTags.PatientID)!));

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"0010\":{}}")]
    [InlineData("{\"00100010\":5}")]
    [InlineData("{\"00100010\":{\"vr\":\"XX\"}}")]
    [InlineData("{\"00280010\":{\"vr\":\"US\",\"Value\":[70000]}}")]
    [InlineData("{\"00280010\":{\"vr\":\"US\",\"Value\":[1.5]}}")]
    [InlineData("{\"00280010\":{\"vr\":\"US\",\"Value\":\"1\"}}")]
    [InlineData("{\"00081140\":{\"vr\":\"SQ\",\"Value\":[1]}}")]
    [InlineData("{\"7FE00010\":{\"vr\":\"OB\",\"InlineBinary\":\"*\"}}")]
    [InlineData("{} {}")]
    [InlineData("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\ud800\"]}}")]
    [InlineData("{\"\\udc000010\":{}}")]
    public void Other_JSON_is_refused(string json) =>
        Assert.Equal(DicomError.InvalidJson, Assert.Throws<DicomException>(() => DicomDataset.FromJson(Encoding.UTF8.GetBytes(json))).Error);

    [Fact]
    public void Text_that_is_no_UTF8_is_refused()
    {
        byte[] json = [.. "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\""u8, 0xC3, .. "\"]}}"u8];
        Assert.Equal(DicomError.InvalidJson, Assert.Throws<DicomException>(() => DicomDataset.FromJson(json)).Error);
    }

    [Fact]
    public void Letters_that_a_VR_cannot_hold_survive_as_far_as_Latin1_goes()
    {
        var dataset = DicomDataset.FromJson("""{"00080060":{"vr":"CS","Value":["Ä王"]},"00100020":{"vr":"LO","Value":["Ä王"]}}"""u8);
        Assert.Equal(("Ä?", "Ä王"), (dataset.GetString(DicomTags.Modality), dataset.GetString(DicomTags.PatientID)));
        Assert.Equal(dataset.ToJson(), DicomDataset.FromJson(dataset.ToJson()).ToJson());
    }
}
