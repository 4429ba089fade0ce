using System.Text;

namespace MedCloudCare.Dicom.Tests;

public sealed class TokenizerTests
{
    private static readonly DicomReadOptions AnyFile = new() { RequireIdentifiers = false };

    [Theory]
    [InlineData("explicit", "1.2.840.10008.1.2.1")]
    [InlineData("implicit", "1.2.840.10008.1.2")]
    [InlineData("big endian", "1.2.840.10008.1.2.2")]
    public void The_encoding_of_a_bare_data_set_is_guessed(string encoding, string syntax)
    {
        byte[] file = encoding switch
        {
            "explicit" => [0x08, 0, 0x60, 0, (byte)'C', (byte)'S', 2, 0, (byte)'M', (byte)'R', 0x28, 0, 0x10, 0, (byte)'U', (byte)'S', 2, 0, 1, 2],
            "implicit" => [0x08, 0, 0x60, 0, 2, 0, 0, 0, (byte)'M', (byte)'R', 0x28, 0, 0x10, 0, 2, 0, 0, 0, 1, 2],
            _ => [0, 0x08, 0, 0x60, (byte)'C', (byte)'S', 0, 2, (byte)'M', (byte)'R', 0, 0x28, 0, 0x10, (byte)'U', (byte)'S', 0, 2, 2, 1],
        };
        var info = DicomInstanceScanner.Scan(file, AnyFile);
        Assert.Equal(syntax, info.TransferSyntaxUid);
        Assert.Equal("MR", info.Dataset.GetString(DicomTags.Modality));
        Assert.Equal(0x201, info.Dataset.GetInt(DicomTags.Rows));
        Assert.False(info.HasPreamble);
    }

    [Fact]
    public void A_wrong_length_of_the_meta_group_is_overlooked()
    {
        foreach (var length in (byte[])[0, 3, 14, 255])
        {
            var file = SampleFiles.ImageFile();
            file[140] = length;
            Assert.Equal("1.2.3.4.5", DicomInstanceScanner.Scan(file).SopInstanceUid);
        }
    }

    [Fact]
    public void Unknown_attributes_get_their_VR_back_and_sequences_in_UN_are_implicit()
    {
        byte[] implicitItem = [0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0, 0x08, 0, 0x60, 0, 2, 0, 0, 0, (byte)'M', (byte)'R'];
        var info = Explicit([
            .. Element(0x0008, 0x1140, "UN", implicitItem),
            .. Element(0x0009, 0x0010, "LO", "VENDOR"u8),
            .. Undefined(0x0009, 0x1001, "UN"), .. implicitItem, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
            .. Element(0x0010, 0x0010, "UN", "A^B "u8),
            .. Element(0x0028, 0x0103, "US", [1, 0]),
            .. Element(0x0028, 0x0106, "UN", [0xFF, 0xFF]),
        ]);
        Assert.Equal("MR", info.GetItem(DicomTags.ReferencedImageSequence)!.GetString(DicomTags.Modality));
        Assert.Equal("MR", info.GetItem(new DicomTag(0x0009, 0x1001))!.GetString(DicomTags.Modality));
        Assert.Equal("A^B", info.GetString(DicomTags.PatientName));
        Assert.Equal(-1, info.GetInt(DicomTags.SmallestImagePixelValue));
    }

    [Fact]
    public void Implicit_items_in_an_explicit_data_set_are_read()
    {
        byte[] items = [0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0, 0x08, 0, 0x60, 0, 2, 0, 0, 0, (byte)'M', (byte)'R', 0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0, .. Element(0x0008, 0x0060, "CS", "CT"u8)];
        var read = Explicit([.. Element(0x0008, 0x1140, "SQ", items), .. Element(0x0010, 0x0020, "LO", "ID"u8)]);
        Assert.Equal(["MR", "CT"], read.GetItems(DicomTags.ReferencedImageSequence).Select(x => x.GetString(DicomTags.Modality)!));
        Assert.Equal("ID", read.GetString(DicomTags.PatientID));
    }

    [Fact]
    public void Stray_VR_bytes_are_refused_with_their_place()
    {
        var refusal = Assert.Throws<DicomException>(() => Explicit([.. Element(0x0008, 0x0060, "CS", "CT"u8), 0x10, 0, 0x20, 0, 1, 2, 0, 0]));
        Assert.Equal((DicomError.InvalidVr, "00100020"), (refusal.Error, refusal.Path));
    }

    [Fact]
    public void A_VR_of_a_later_edition_is_read_with_its_long_length()
    {
        var info = Explicit([0x09, 0, 1, 0x10, (byte)'Q', (byte)'Q', 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, .. Element(0x0010, 0x0020, "LO", "ID"u8)]);
        Assert.Equal(DicomVR.UN, info.Find(new DicomTag(0x0009, 0x1001))!.VR);
        Assert.Equal("ID", info.GetString(DicomTags.PatientID));
    }

    [Fact]
    public void Zeros_after_the_data_set_are_padding()
    {
        foreach (var count in (int[])[1, 7, 8, 1000])
        {
            Assert.Equal("ID", Explicit([.. Element(0x0010, 0x0020, "LO", "ID"u8), .. new byte[count]]).GetString(DicomTags.PatientID));
        }
    }

    [Fact]
    public void Group_lengths_and_the_meta_group_are_not_in_the_JSON()
    {
        var json = Encoding.UTF8.GetString(Explicit([.. Element(0x0008, 0, "UL", [4, 0, 0, 0]), .. Element(0x0010, 0x0020, "LO", "ID"u8)]).ToJson());
        Assert.Equal("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"ID\"]}}", json);
    }

    [Fact]
    public void An_item_longer_than_its_sequence_is_refused_with_its_place()
    {
        byte[] item = [0xFE, 0xFF, 0, 0xE0, 4, 0, 0, 0];
        var refusal = Assert.Throws<DicomException>(() => Explicit([.. Element(0x0008, 0x1140, "SQ", item), .. new byte[10]]));
        Assert.Equal((DicomError.LengthBeyondEnd, "00081140"), (refusal.Error, refusal.Path));
    }

    [Fact]
    public void An_error_in_an_item_names_item_and_tag_but_no_value()
    {
        byte[] items = [0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0, 0xE0, 12, 0, 0, 0, 0x10, 0, 0x10, 0, (byte)'P', (byte)'N', 9, 0, .. "Meie"u8];
        var refusal = Assert.Throws<DicomException>(() => Explicit(Element(0x0008, 0x1140, "SQ", items)));
        Assert.Equal("00081140/1/00100010", refusal.Path);
        Assert.DoesNotContain("Meie", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_in_the_meta_group_is_refused()
    {
        byte[] meta = [.. new byte[128], .. "DICM"u8, .. Undefined(0x0002, 0x0102, "SQ"), 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF, .. Element(0x0010, 0x0020, "LO", "ID"u8)];
        var refusal = Assert.Throws<DicomException>(() => DicomInstanceScanner.Scan(meta, AnyFile));
        Assert.Equal((DicomError.Malformed, "00020102"), (refusal.Error, refusal.Path));
    }

    [Fact]
    public void A_character_set_that_comes_late_applies_to_what_came_before()
    {
        byte[] item = [0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0, .. Element(0x0010, 0x0020, "LO", [0xC4, 0xC4])];
        var dataset = Explicit([.. Element(0x0010, 0x0020, "LO", [0xC4, 0xC4]), .. Element(0x0008, 0x1140, "SQ", item), .. Element(0x0008, 0x0005, "CS", "ISO_IR 126"u8)]);
        Assert.Equal(("ΔΔ", "ΔΔ"), (dataset.GetString(DicomTags.PatientID), dataset.GetItem(DicomTags.ReferencedImageSequence)!.GetString(DicomTags.PatientID)));
    }

    [Fact]
    public void Large_values_are_left_in_the_file()
    {
        var file = SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, [.. Element(0x0042, 0x0011, "OB", new byte[1025]), .. Element(0x0070, 0x0006, "UT", new byte[70_000])]);
        var info = DicomInstanceScanner.Scan(file, AnyFile);
        Assert.Equal([("00420011", 1025L), ("00700006", 70_000L)], info.BulkData.Select(x => (x.Path, x.Length)));
        Assert.Equal(file.Length, info.BulkData[1].Offset + info.BulkData[1].Length);
    }

    private static DicomDataset Explicit(byte[] dataset) =>
        DicomInstanceScanner.Scan(SampleFiles.WithSyntax(TransferSyntax.ExplicitVRLittleEndian.Uid, dataset), AnyFile).Dataset;

    private static byte[] Element(ushort group, ushort element, string vr, ReadOnlySpan<byte> value)
    {
        byte[] tag = [(byte)group, (byte)(group >> 8), (byte)element, (byte)(element >> 8), (byte)vr[0], (byte)vr[1]];
        return DicomVRExtensions.ParseVR(vr).HasLongLength()
            ? [.. tag, 0, 0, .. BitConverter.GetBytes(value.Length), .. value]
            : [.. tag, .. BitConverter.GetBytes((ushort)value.Length), .. value];
    }

    private static byte[] Undefined(ushort group, ushort element, string vr) =>
        [(byte)group, (byte)(group >> 8), (byte)element, (byte)(element >> 8), (byte)vr[0], (byte)vr[1], 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
}
