using MedCloudCare.Dicom;
using MedCloudCare.Fuzz;
using MedCloudCare.IntegrationTests.DicomWeb;

namespace MedCloudCare.IntegrationTests.DicomFiles;

/// <summary>An instance made in some transfer syntax, with the frames that must come back of it.</summary>
internal sealed record EncodedInstance(SmallInstance Identity, byte[] File, IReadOnlyList<byte[]> Frames)
{
    public string Path => $"studies/{Identity.Study}/series/{Identity.Series}/instances/{Identity.Instance}";
}

/// <summary>Instances of every transfer syntax. Compressed frames are noise with the first marker of their kind: the archive must not look into them.</summary>
internal static class EncodedInstances
{
    private const int FrameCount = 3;
    private const int FrameBytes = 64;

    public static EncodedInstance Make(string uid, int seed)
    {
        var identity = new SmallInstance { PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう" };
        var dataset = identity.Dataset
            .Set(DicomTags.Rows, 4d).Set(DicomTags.Columns, 8d).Set(DicomTags.NumberOfFrames, (double)FrameCount).Set(DicomTags.SamplesPerPixel, 1d)
            .Set(DicomTags.PhotometricInterpretation, "MONOCHROME2").Set(DicomTags.BitsAllocated, 16d).Set(DicomTags.BitsStored, 16d).Set(DicomTags.HighBit, 15d)
            .Set(DicomTags.PixelRepresentation, 1d).Set(DicomTags.SmallestImagePixelValue, DicomVR.SS, -2000d)
            .SetTags(DicomTags.FrameIncrementPointer, DicomTags.FrameTime).Set(DicomTags.FrameTime, 40d)
            .SetBytes(new DicomTag(0x0021, 0x0010), DicomVR.LO, "MEDCLOUDCARE TEST "u8.ToArray()).SetBytes(new DicomTag(0x0021, 0x1001), DicomVR.UN, new byte[] { 1, 2, 3, 4 })
            .SetItems(DicomTags.ReferencedImageSequence, new DicomDataset().Set(DicomTags.ReferencedSOPInstanceUID, "1.2.3"), new DicomDataset());
        var syntax = TransferSyntax.Find(uid);
        var pixels = Noise(seed);
        if (uid.Contains(".1.2.4.94", StringComparison.Ordinal) || uid.Contains(".1.2.4.95", StringComparison.Ordinal) || uid.Contains(".1.2.4.20", StringComparison.Ordinal) && syntax is { IsEncapsulated: false })
        {
            // JPIP: the pixels are elsewhere.
            dataset.Set(DicomTags.PixelDataProviderURL, DicomVR.UR, "https://jpip.test.example/1");
            return new EncodedInstance(identity, DatasetEncoder.File(uid, dataset), []);
        }

        if (syntax is not { IsEncapsulated: true })
        {
            dataset.SetBytes(DicomTags.PixelData, DicomVR.OW, pixels.SelectMany(p => p).ToArray());
            var isBig = syntax is { IsBigEndian: true };
            return new EncodedInstance(identity, DatasetEncoder.File(uid, dataset), isBig ? [.. pixels.Select(Swap)] : pixels);
        }

        var frames = syntax.IsVideo ? [pixels.SelectMany(p => p).ToArray()] : pixels;
        return new EncodedInstance(identity, DatasetEncoder.File(uid, dataset, DatasetEncoder.Fragments(hasOffsets: seed % 2 == 0 && !syntax.IsVideo, frames)), frames);
    }

    private static List<byte[]> Noise(int seed)
    {
        var random = new Random(seed);
        var frames = new List<byte[]>();
        for (var i = 0; i < FrameCount; i++)
        {
            var frame = new byte[FrameBytes];
            random.NextBytes(frame);
            frames.Add(frame);
        }

        return frames;
    }

    private static byte[] Swap(byte[] frame)
    {
        var swapped = frame.ToArray();
        for (var at = 0; at < swapped.Length; at += 2) swapped.AsSpan(at, 2).Reverse();
        return swapped;
    }
}
