using System.Text;

namespace MedCloudCare.Dicom.Tests;

/// <summary>PS3.3 §C.12.1.1.2 and the examples of PS3.5 annexes H, I, J and K. More are in the differential test.</summary>
public sealed class CharacterSetTests
{
    [Theory]
    [InlineData("", "41E9", "Aé")]
    [InlineData("ISO_IR 100", "4275 63 5E 4AE972F46D65", "Buc^Jérôme")]
    [InlineData("ISO_IR 101", "B1E6", "ąć")]
    [InlineData("ISO_IR 109", "A9B6", "İĥ")]
    [InlineData("ISO_IR 110", "A2B6", "ĸļ")]
    [InlineData("ISO_IR 144", "BBEEDA63BAE2D5D1", "ЛюкcКтеб")]
    [InlineData("ISO_IR 127", "E2C8C7E6EA", "قباني")]
    [InlineData("ISO_IR 126", "C4E9EFEDF5F3E9EFF2", "Διονυσιος")]
    [InlineData("ISO_IR 138", "F9F8E5EF", "שרון")]
    [InlineData("ISO_IR 148", "DEFEFD", "Şşı")]
    [InlineData("ISO_IR 203", "A4BDBE", "€œŸ")]
    [InlineData("ISO_IR 166", "A1D2BD", "กาฝ")]
    [InlineData("ISO_IR 13", "D4CFC0DE 7E", "ﾔﾏﾀﾞ‾")]
    [InlineData("ISO_IR 192", "57616E675E E78E8B", "Wang^王")]
    [InlineData("GB18030", "57616E675E CDF5 3D 81308130", "Wang^王=\u0080")]
    [InlineData("GBK", "CDF5", "王")]
    [InlineData("\\ISO 2022 IR 87", "59616D6164615E5461726F75 3D 1B2442 3B33 4544 1B2842 5E 1B2442 4240 4F3A 1B2842", "Yamada^Tarou=山田^太郎")]
    [InlineData("ISO 2022 IR 13\\ISO 2022 IR 87", "D4CFC0DE5EC0DBB3 3D 1B2442 3B33 4544 1B284A 5E 1B2442 4240 4F3A 1B284A", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎")]
    [InlineData("\\ISO 2022 IR 159", "1B242844 3021 1B2842", "丂")]
    [InlineData("\\ISO 2022 IR 149", "486F6E67 3D 1B242943 FBF3 5E 1B242943 D1CE D4D7", "Hong=洪^吉洞")]
    [InlineData("\\ISO 2022 IR 58", "5A68616E67 3D 1B242941 D5C5 5E 1B242941 D0A1 B6AB", "Zhang=张^小东")]
    [InlineData("ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126", "C4 1B2D4C BB 1B2D46 C4", "ÄЛΔ")]
    [InlineData("\\ISO 2022 IR 203\\ISO 2022 IR 166", "1B2D62 A4 1B2D54 A1", "€ก")]
    public void Text_is_decoded(string sets, string hex, string expected) =>
        Assert.Equal(expected, Decode(sets, hex, isName: true));

    [Theory]
    [InlineData("ISO-IR 100")]
    [InlineData("ISO_IR_100")]
    [InlineData("ISO IR 100")]
    [InlineData("iso_ir 100 ")]
    public void Common_misspellings_are_understood(string set) => Assert.Equal("é", Decode(set, "E9", isName: false));

    [Fact]
    public void Designations_fall_back_at_delimiters()
    {
        Assert.Equal("Л^Ä\\Ä", Decode("ISO 2022 IR 100\\ISO 2022 IR 144", "1B2D4C BB 5E C4 5C C4", isName: true));
        Assert.Equal("Л^Л\r\nÄ", Decode("ISO 2022 IR 100\\ISO 2022 IR 144", "1B2D4C BB 5E BB 0D0A C4", isName: false));
    }

    [Theory]
    [InlineData("ISO_IR 192", "C3")]
    [InlineData("\\ISO 2022 IR 149", "1B242943 FB")]
    [InlineData("\\ISO 2022 IR 149", "1B242943 FB 41")]
    [InlineData("\\ISO 2022 IR 87", "1B2442 3B")]
    [InlineData("\\ISO 2022 IR 87", "1B 5A")]
    [InlineData("GB18030", "81")]
    [InlineData("ISO_IR 13", "80")]
    public void Malformed_text_becomes_replacement_characters(string sets, string hex) =>
        Assert.Contains('\uFFFD', Decode(sets, hex, isName: true));

    [Fact]
    public void A_backslash_inside_a_character_does_not_split_values()
    {
        // 0x815C is one character of GBK whose second byte is a backslash.
        var dataset = SampleFiles.Identified().SetBytes(DicomTags.SpecificCharacterSet, DicomVR.CS, "GBK "u8.ToArray());
        byte[] file = SampleFiles.WithSyntax(
            TransferSyntax.ExplicitVRLittleEndian.Uid,
            [.. SampleFiles.Explicit(dataset), 0x10, 0, 0x10, 0, (byte)'P', (byte)'N', 4, 0, 0x81, 0x5C, 0x5C, 0x41]);
        Assert.Equal(["乗", "A"], DicomInstanceScanner.Scan(file).Dataset.GetStrings(DicomTags.PatientName));
    }

    [Fact]
    public void Items_inherit_the_character_set_or_declare_their_own()
    {
        byte[] Item(ReadOnlySpan<byte> content) => [0xFE, 0xFF, 0, 0xE0, (byte)content.Length, 0, 0, 0, .. content];
        byte[] name = [0x10, 0, 0x10, 0, (byte)'P', (byte)'N', 2, 0, 0xC4, (byte)' '];
        byte[] greek = [0x08, 0, 0x05, 0, (byte)'C', (byte)'S', 10, 0, .. "ISO_IR 126"u8];
        byte[] items = [.. Item(name), .. Item([.. greek, .. name]), .. Item(name)];
        var dataset = SampleFiles.Explicit(SampleFiles.Identified().SetBytes(DicomTags.SpecificCharacterSet, DicomVR.CS, "ISO_IR 100"u8.ToArray()));
        byte[] file = SampleFiles.WithSyntax(
            TransferSyntax.ExplicitVRLittleEndian.Uid,
            [.. dataset, 0x40, 0, 0x75, 0x02, (byte)'S', (byte)'Q', 0, 0, (byte)items.Length, 0, 0, 0, .. items]);
        var read = DicomInstanceScanner.Scan(file).Dataset.GetItems(DicomTags.RequestAttributesSequence);
        Assert.Equal(["Ä", "Δ", "Ä"], read.Select(x => x.GetString(DicomTags.PatientName)));
    }

    private static string Decode(string sets, string hex, bool isName) =>
        DicomCharacterSet.Of(sets.Split('\\')).Decode(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), isName);
}
