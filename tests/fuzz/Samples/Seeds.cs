using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Fuzz;

/// <summary>The first inputs: one of each thing that the readers tell apart, as small as it can be.</summary>
public static class Seeds
{
    private const string Jpeg = "1.2.840.10008.1.2.4.50";
    private const string Mpeg = "1.2.840.10008.1.2.4.102";

    /// <summary>Name → input of <see cref="FuzzTarget.Run"/>.</summary>
    public static IEnumerable<(string Name, byte[] Input)> All()
    {
        foreach (var (name, file) in Files())
        {
            yield return ("tokens-" + name, FuzzTarget.Input(FuzzKind.Tokens, file));
            yield return ("scan-" + name, FuzzTarget.Input(FuzzKind.Scan, file));
        }

        foreach (var (name, json) in Documents()) yield return ("json-" + name, FuzzTarget.Input(FuzzKind.Json, Encoding.UTF8.GetBytes(json)));
        foreach (var (name, file) in Files().Where(x => x.Name is "native" or "jpeg-offsets" or "video"))
        {
            var frames = DicomInstanceScanner.Scan(file, FuzzTarget.Options).Frames.ToBytes();
            yield return ("frames-" + name, FuzzTarget.Input(FuzzKind.FrameIndex, frames));
        }
    }

    /// <summary>DICOM files.</summary>
    public static IEnumerable<(string Name, byte[] File)> Files()
    {
        var image = Image(2).SetBytes(DicomTags.PixelData, DicomVR.OW, new byte[8]);
        var text = Texts();
        yield return ("native", DatasetEncoder.File(TransferSyntax.ExplicitVRLittleEndian.Uid, image));
        yield return ("implicit", DatasetEncoder.File(TransferSyntax.ImplicitVRLittleEndian.Uid, Merge(image, text)));
        yield return ("big", DatasetEncoder.File(TransferSyntax.ExplicitVRBigEndian.Uid, Merge(image, Numbers())));
        yield return ("deflated", DatasetEncoder.File(TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, Merge(image, text)));
        yield return ("bare-explicit", DatasetEncoder.Encode(TransferSyntax.ExplicitVRLittleEndian, Merge(Identified(), Numbers())));
        yield return ("bare-implicit", new DatasetEncoder(isExplicit: false, hasUndefinedLengths: false).Add(Merge(Identified(), text)).ToArray());
        yield return ("defined-lengths", [.. DatasetEncoder.Meta(TransferSyntax.ExplicitVRLittleEndian.Uid, image), .. new DatasetEncoder(hasUndefinedLengths: false).Add(Merge(text, image)).ToArray(), .. new byte[12]]);
        byte[] jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 2, 0xFF, 0xD9];
        yield return ("jpeg-offsets", DatasetEncoder.File(Jpeg, Image(2), DatasetEncoder.Fragments(true, jpeg, jpeg)));
        yield return ("jpeg-split", DatasetEncoder.File(Jpeg, Image(2), DatasetEncoder.Fragments(false, jpeg[..4], jpeg[4..], jpeg)));
        var offsets = Image(2).SetBytes(DicomTags.ExtendedOffsetTable, DicomVR.OV, (byte[])[.. BitConverter.GetBytes(0L), .. BitConverter.GetBytes(16L)]);
        yield return ("extended-offsets", DatasetEncoder.File(TransferSyntax.RleLossless.Uid, offsets, DatasetEncoder.Fragments(false, new byte[8], new byte[8])));
        yield return ("video", DatasetEncoder.File(Mpeg, Image(3), DatasetEncoder.Fragments(false, new byte[6])));
        yield return ("unknown", [.. DatasetEncoder.File(TransferSyntax.ExplicitVRLittleEndian.Uid, Identified()), .. Unknown()]);
        foreach (var (sets, bytes) in CharacterSets())
        {
            var dataset = Identified().SetBytes(DicomTags.SpecificCharacterSet, DicomVR.CS, Encoding.ASCII.GetBytes(sets)).SetBytes(DicomTags.PatientName, DicomVR.PN, bytes)
                .SetBytes(DicomTags.PatientComments, DicomVR.LT, bytes);
            yield return ("text-" + sets.Replace('\\', '+').Replace(' ', '_'), DatasetEncoder.File(TransferSyntax.ExplicitVRLittleEndian.Uid, dataset));
        }
    }

    private static IEnumerable<(string Name, string Json)> Documents()
    {
        yield return ("empty", "{}");
        yield return ("names", """{"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Ideographic":"山^田","Phonetic":"ya"},null,{}]},"00080005":{"vr":"CS","Value":["ISO_IR 192"]}}""");
        yield return ("numbers", """{"00280030":{"vr":"DS","Value":[0.5,"1e-3",null]},"00200013":{"vr":"IS","Value":[7,"8"]},"00280010":{"vr":"US","Value":[65535]},"00720083":{"vr":"UV","Value":["18446744073709551615"]},"00189087":{"vr":"FD","Value":["NaN",0.1,null]}}""");
        yield return ("nested", """{"00081140":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2"]}},{}]},"00280009":{"vr":"AT","Value":["00181063"]}}""");
        yield return ("binary", """{"00420011":{"vr":"OB","InlineBinary":"AQL/"},"7FE00010":{"vr":"OW","BulkDataURI":"https://h/1"},"00091001":{"vr":"UN","InlineBinary":"AAAA"},"00091002":{"vr":"OD"}}""");
    }

    private static DicomDataset Identified() => new DicomDataset()
        .Set(DicomTags.SOPClassUID, "1.2.3").Set(DicomTags.SOPInstanceUID, "1.4").Set(DicomTags.StudyInstanceUID, "1.5").Set(DicomTags.SeriesInstanceUID, "1.6");

    private static DicomDataset Image(int frames) => Identified()
        .Set(DicomTags.Rows, 1d).Set(DicomTags.Columns, 2d).Set(DicomTags.NumberOfFrames, (double)frames).Set(DicomTags.SamplesPerPixel, 1d)
        .Set(DicomTags.BitsAllocated, 16d).Set(DicomTags.PixelRepresentation, 1d).Set(DicomTags.SmallestImagePixelValue, DicomVR.SS, -3d);

    private static DicomDataset Texts() => new DicomDataset()
        .Set(DicomTags.PatientName, "A^B=C=D").Set(DicomTags.PatientID, "x", "", "y").Set(DicomTags.PixelSpacing, "0.50", "abc")
        .SetBytes(new DicomTag(0x0009, 0x0010), DicomVR.LO, "ACME"u8.ToArray()).SetBytes(new DicomTag(0x0009, 0x1001), DicomVR.UN, new byte[3])
        .SetItems(DicomTags.ReferencedSeriesSequence, new DicomDataset().Set(DicomTags.SeriesInstanceUID, "1.9")
            .SetItems(DicomTags.ReferencedInstanceSequence, new DicomDataset().Set(DicomTags.ReferencedSOPInstanceUID, "1.9.1"), new DicomDataset()));

    private static DicomDataset Numbers() => new DicomDataset()
        .SetTags(DicomTags.FrameIncrementPointer, new DicomTag(0x00181063)).Set(DicomTags.DiffusionBValue, double.NaN, 0.1)
        .SetBytes(DicomTags.SelectorUVValue, DicomVR.UV, BitConverter.GetBytes(ulong.MaxValue)).Set(DicomTags.InstanceNumber, "7", "1A")
        .SetBytes(DicomTags.EncapsulatedDocument, DicomVR.OB, new byte[] { 1, 2, 255 });

    private static IEnumerable<(string Sets, byte[] Text)> CharacterSets()
    {
        yield return ("\\ISO 2022 IR 87", Convert.FromHexString("59616D5E413D1B24423B3345441B28425E1B244242401B2842"));
        yield return ("ISO 2022 IR 13\\ISO 2022 IR 87", Convert.FromHexString("D4CFC0DE5EC0DB3D1B24423B331B284A"));
        yield return ("\\ISO 2022 IR 149", Convert.FromHexString("486F3D1B242943FBF35E1B242943D1CE"));
        yield return ("\\ISO 2022 IR 58", Convert.FromHexString("5A3D1B242941D5C5"));
        yield return ("ISO 2022 IR 100\\ISO 2022 IR 144", Convert.FromHexString("C41B2D4CBB"));
        yield return ("\\ISO 2022 IR 159", Convert.FromHexString("1B24284430211B2842"));
        yield return ("GB18030", Convert.FromHexString("575ECDF53D81308130"));
        yield return ("ISO_IR 192", "W^王"u8.ToArray());
        yield return ("ISO_IR 166", Convert.FromHexString("A1D2BD"));
    }

    /// <summary>UN of undefined length (an implicit sequence) and a VR of a later edition.</summary>
    private static byte[] Unknown() =>
    [
        0x21, 0, 0x10, 0x10, (byte)'U', (byte)'N', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 12, 0, 0, 0, 0x08, 0, 0x60, 0, 4, 0, 0, 0, (byte)'M', (byte)'R', 32, 32,
        0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0, 0x23, 0, 0x10, 0x10, (byte)'Q', (byte)'Q', 0, 0, 2, 0, 0, 0, 1, 2,
    ];

    private static DicomDataset Merge(DicomDataset first, DicomDataset second)
    {
        var merged = first.Clone();
        foreach (var element in second) merged.Set(element);
        return merged;
    }
}
