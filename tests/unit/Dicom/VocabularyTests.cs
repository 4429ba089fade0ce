namespace MedCloudCare.Dicom.Tests;

public sealed class VocabularyTests
{
    [Theory]
    [InlineData("00100010", 0x00100010u)]
    [InlineData("0010,0010", 0x00100010u)]
    [InlineData("(0010,0010)", 0x00100010u)]
    [InlineData("PatientName", 0x00100010u)]
    [InlineData("7fe00010", 0x7FE00010u)]
    public void Tags_are_read_in_the_usual_notations(string text, uint value) => Assert.Equal(value, DicomTag.Parse(text).Value);

    [Theory]
    [InlineData("")]
    [InlineData("0010")]
    [InlineData("patientname")]
    [InlineData("0010,00100")]
    [InlineData("-0100010")]
    [InlineData("0x100010")]
    public void Other_text_is_no_tag(string text)
    {
        Assert.False(DicomTag.TryParse(text, out _));
        Assert.Throws<FormatException>(() => DicomTag.Parse(text));
    }

    [Fact]
    public void The_dictionary_knows_elements_repeating_groups_and_private_ones()
    {
        var rows = DicomDictionary.Find(DicomTags.Rows)!;
        Assert.Equal((DicomVR.US, "1", "Rows", false), (rows.VR, rows.VM, rows.Keyword, rows.IsRetired));
        Assert.Equal("OverlayData", DicomDictionary.Find(new DicomTag(0x6002, 0x3000))!.Keyword);
        Assert.Equal((DicomVR.OB, DicomVR.OW), (DicomDictionary.Find(DicomTags.PixelData)!.VR, DicomDictionary.Find(DicomTags.PixelData)!.AlternativeVR));
        Assert.Equal(DicomVR.LO, DicomDictionary.VROf(new DicomTag(0x0029, 0x0010)));
        Assert.Equal(DicomVR.UN, DicomDictionary.VROf(new DicomTag(0x0029, 0x1010)));
        Assert.Equal(DicomVR.UL, DicomDictionary.VROf(new DicomTag(0x0028, 0)));
        Assert.Null(DicomDictionary.Find(new DicomTag(0x0011, 0x1010)));
        Assert.True(DicomDictionary.Find(DicomTag.Parse("00005130"))!.IsRetired);
    }

    [Fact]
    public void UIDs_are_checked_made_and_named()
    {
        Assert.True(DicomUid.IsValid("1.2.840.10008.1.2"));
        foreach (var wrong in (string[])["", "1.2.", ".1", "1..2", "1.a", "1/2", "1.2 ", new string('1', 65)]) Assert.False(DicomUid.IsValid(wrong), wrong);
        Assert.True(DicomUid.IsValid(DicomUid.Create()));
        Assert.NotEqual(DicomUid.Create(), DicomUid.Create());
        Assert.Equal("2.25.329800735698586629295641978511506172918", DicomUid.FromGuid(new Guid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")));
        Assert.Equal("Segmentation Storage", DicomUid.NameOf(SopClasses.SegmentationStorage));
    }

    [Fact]
    public void Transfer_syntaxes_have_their_properties()
    {
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2.4.91") is { IsEncapsulated: true, IsLossy: true, FrameMediaType: "image/jp2" });
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2.4.70") is { IsEncapsulated: true, IsLossy: false, FrameMediaType: "image/jpeg" });
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2") is { IsExplicitVR: false, IsEncapsulated: false });
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2.4.205") is { IsDeflated: true, IsEncapsulated: false });
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2.8.1") is { IsDeflated: false, IsEncapsulated: true });
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2.4.103.1") is { IsVideo: true, FrameMediaType: "video/mp4" });
        Assert.True(TransferSyntax.Find("1.2.840.10008.1.2.4.203") is { IsLossy: true, FrameMediaType: "image/jphc" });
        Assert.Null(TransferSyntax.Find("1.2.3"));
    }

    [Fact]
    public void Every_transfer_syntax_of_the_standard_is_known_and_exactly_those_with_compressed_pixels_are_encapsulated()
    {
        Assert.Equal(63, TransferSyntax.All.Count);
        string[] whole = [".1", ".1.99", ".2", "0", ".4.94", ".4.95", ".4.204", ".4.205", ".6.1", ".6.2", ".7.1", ".7.2", ".7.3", ""];
        Assert.Equal(whole.Order(), TransferSyntax.All.Where(x => !x.IsEncapsulated).Select(x => x.Uid["1.2.840.10008.1.2".Length..]).Order());
        Assert.Equal(["1.2.840.10008.1.2", "1.2.840.10008.1.20"], TransferSyntax.All.Where(x => !x.IsExplicitVR).Select(x => x.Uid).Order());
        Assert.All(TransferSyntax.All, x => Assert.Equal(x.Name, DicomUid.NameOf(x.Uid)));
    }

    [Fact]
    public void Preambles_that_begin_like_something_else_are_zeroed_unless_they_are_TIFF()
    {
        foreach (var start in (byte[][])[[(byte)'M', (byte)'Z'], [0x7F, (byte)'E', (byte)'L', (byte)'F'], [(byte)'#', (byte)'!'], [0, 0, 1]])
        {
            var file = SampleFiles.ImageFile();
            start.CopyTo(file, 0);
            Assert.True(Preamble.Neutralise(file));
            Assert.Equal(SampleFiles.ImageFile(), file);
            Assert.False(Preamble.Neutralise(file));
        }

        var tiff = SampleFiles.ImageFile();
        "II*\0"u8.CopyTo(tiff);
        Assert.False(Preamble.Neutralise(tiff));
        var marked = SampleFiles.ImageFile();
        marked[17] = 1;
        Assert.False(Preamble.Neutralise(marked));
        var bare = "MZ"u8.ToArray();
        Assert.False(Preamble.Neutralise(bare));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(-0.000012345678901234567)]
    [InlineData(1234567890.123456789)]
    [InlineData(-1.0 / 3)]
    [InlineData(-1.2345678901234567e-200)]
    [InlineData(1e308)]
    public void Decimal_strings_fit_sixteen_characters(double value)
    {
        var dataset = new DicomDataset().Set(DicomTags.SliceThickness, value);
        Assert.InRange(dataset.GetString(DicomTags.SliceThickness)!.Length, 1, 16);
        Assert.InRange(dataset.GetDouble(DicomTags.SliceThickness)!.Value / value, 1 - 1e-8, 1 + 1e-8);
    }
}
