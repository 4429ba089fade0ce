using System.Globalization;
using System.Text;
using CsCheck;

namespace MedCloudCare.Dicom.Tests;

/// <summary>Random data sets with values of every VR, private elements, person names of three groups, empty values and nested items.</summary>
internal static class RandomDatasets
{
    private static readonly Gen<char> Letter = Gen.Char["abcÄéЛΔ王山กﾔ_.,;-/ "];

    private static readonly Gen<string> Word = Letter.Array[1, 12].Select(x => new string(x).Trim()).Where(x => x.Length > 0);

    private static readonly Gen<string> Ascii = Gen.Char["ABCXYZ019_"].Array[1, 12].Select(x => new string(x));

    private static readonly Gen<string> Name = Gen.Select(Word, Word, Word, Gen.Int[1, 3], (a, i, p, groups) =>
        string.Join('=', new[] { $"{a}^{i}", $"{i}^^{p}", $"{p}" }.Take(groups)));

    private static readonly Gen<string> Number = Gen.OneOf(Gen.Int.Select(x => x.ToString(CultureInfo.InvariantCulture)), Gen.Double[-1e6, 1e6].Select(Decimal), Gen.Const("1E-3"), Gen.Const("+0.50"));

    /// <summary>One element; its tag decides the VR also where the encoding does not say it.</summary>
    public static Gen<DicomElement> Element { get; } = Gen.OneOf(
        Texts("SelectorAEValue", Ascii, 3), Texts("SelectorASValue", Gen.Int[0, 999].Select(x => $"{x:D3}Y"), 2), Texts("SelectorCSValue", Ascii, 4),
        Texts("SelectorDAValue", Gen.Int[1, 28].Select(x => $"202402{x:D2}"), 2), Texts("SelectorDTValue", Gen.Int[0, 59].Select(x => $"202402291015{x:D2}.123456+0100"), 2),
        Texts("SelectorTMValue", Gen.Int[0, 59].Select(x => $"1015{x:D2}.5"), 2), Texts("SelectorUIValue", Gen.Int[0, int.MaxValue].Select(x => $"1.2.{x}"), 3),
        Texts("SelectorLOValue", Word, 3), Texts("SelectorSHValue", Word, 3), Texts("SelectorUCValue", Word, 3), Texts("SelectorPNValue", Name, 3),
        Texts("SelectorLTValue", Gen.Select(Word, Word, (a, b) => $"{a}\r\n\\{b}"), 1), Texts("SelectorSTValue", Word, 1), Texts("SelectorUTValue", Word, 1),
        Texts("SelectorURValue", Ascii.Select(x => "https://h/" + x), 1), Texts("SelectorISValue", Gen.Int.Select(x => x.ToString(CultureInfo.InvariantCulture)), 3),
        Texts("SelectorDSValue", Number, 3),
        Binary("SelectorUSValue", 2), Binary("SelectorSSValue", 2), Binary("SelectorULValue", 4), Binary("SelectorSLValue", 4), Binary("SelectorUVValue", 8),
        Binary("SelectorSVValue", 8), Binary("SelectorATValue", 4), Binary("SelectorOBValue", 2), Binary("SelectorOWValue", 2), Binary("SelectorOLValue", 4), Binary("SelectorOVValue", 8),
        Binary("SelectorUNValue", 2), Floats("SelectorFLValue", 4), Floats("SelectorFDValue", 8), Floats("SelectorOFValue", 4), Floats("SelectorODValue", 8),
        Texts(new DicomTag(0x0021, 0x0010), DicomVR.LO, Ascii, 1), Binary(new DicomTag(0x0021, 0x1001), DicomVR.UN, 2), Binary(new DicomTag(0x0021, 0x1002), DicomVR.UN, 2),
        Gen.Const(new DicomElement(DicomTags.PatientID, DicomVR.LO, ReadOnlyMemory<byte>.Empty)), Gen.Const(new DicomElement(DicomTags.ReferencedImageSequence, [])));

    /// <summary>A data set with sequences nested to a depth.</summary>
    public static Gen<DicomDataset> Of(int depth) => depth == 0
        ? Element.Array[0, 8].Select(Make)
        : Gen.Select(Element.Array[0, 8], Of(depth - 1).Array[0, 3], Gen.Bool, (elements, items, isSelector) =>
            Make(elements).SetItems(isSelector ? DicomTags.SelectorCodeSequenceValue : DicomTags.RequestAttributesSequence, items));

    private static DicomDataset Make(DicomElement[] elements)
    {
        var dataset = new DicomDataset();
        foreach (var element in elements) dataset.Set(element);
        return dataset;
    }

    private static Gen<DicomElement> Texts(string keyword, Gen<string> value, int most) => Texts(DicomTag.Parse(keyword), DicomDictionary.VROf(DicomTag.Parse(keyword)), value, most);

    private static Gen<DicomElement> Texts(DicomTag tag, DicomVR vr, Gen<string> value, int most) =>
        value.Array[1, most].Select(values => new DicomDataset().Set(tag, vr, values).Single());

    private static Gen<DicomElement> Binary(string keyword, int unit) => Binary(DicomTag.Parse(keyword), DicomDictionary.VROf(DicomTag.Parse(keyword)), unit);

    private static Gen<DicomElement> Binary(DicomTag tag, DicomVR vr, int unit) =>
        Gen.Byte.Array[1, 4].Select(x => new DicomElement(tag, vr, Enumerable.Range(0, x.Length * unit).Select(i => (byte)(x[i % x.Length] * (i + 1))).ToArray()));

    private static Gen<DicomElement> Floats(string keyword, int unit)
    {
        var tag = DicomTag.Parse(keyword);
        return Gen.Double[-1e9, 1e9].Array[1, 3].Select(x => new DicomElement(tag, DicomDictionary.VROf(tag), x.SelectMany(d => unit == 4 ? BitConverter.GetBytes((float)d) : BitConverter.GetBytes(d)).ToArray()));
    }

    private static string Decimal(double value) => new DicomDataset().Set(DicomTags.SliceThickness, value).GetString(DicomTags.SliceThickness)!;

    /// <summary>Text of a data set in a declared character set, as other systems write it.</summary>
    public static Gen<DicomDataset> InCharacterSet { get; } = Gen.Int[0, Sets.Length - 1].SelectMany(i => Gen.Char[Sets[i].Letters].Array[1, 10].Select(letters =>
    {
        var bytes = CodePagesEncodingProvider.Instance.GetEncoding(Sets[i].CodePage)?.GetBytes(letters) ?? Encoding.GetEncoding(Sets[i].CodePage).GetBytes(letters);
        return new DicomDataset().SetBytes(DicomTags.SpecificCharacterSet, DicomVR.CS, Encoding.ASCII.GetBytes(Sets[i].Term))
            .SetBytes(DicomTags.PatientName, DicomVR.PN, bytes).SetBytes(DicomTags.StudyDescription, DicomVR.LO, bytes).SetBytes(DicomTags.PatientComments, DicomVR.LT, bytes);
    }));

    private static (string Term, int CodePage, string Letters)[] Sets =>
    [
        ("ISO_IR 100", 28591, "aÄéß"), ("ISO_IR 101", 28592, "ąćł"), ("ISO_IR 109", 28593, "ĥĝ"), ("ISO_IR 110", 28594, "ĸļ"), ("ISO_IR 144", 28595, "ЛюбовьA"),
        ("ISO_IR 127", 28596, "قباني"), ("ISO_IR 126", 28597, "Διονυσ"), ("ISO_IR 138", 28598, "שרון"), ("ISO_IR 148", 28599, "Şşı"), ("ISO_IR 166", 874, "กาฝ"),
        ("ISO_IR 192", 65001, "王山Äก"), ("GB18030", 54936, "王小东Ä"), ("GBK", 936, "王小东"),
    ];
}
