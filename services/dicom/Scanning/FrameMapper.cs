namespace MedCloudCare.Dicom;

/// <summary>Assigns pixel data to frames (PS3.5 §8 and annex A.4).</summary>
internal static class FrameMapper
{
    public static FrameIndex Map(DicomDataset dataset, PixelDataMap pixels, TransferSyntax? syntax, bool isInflated)
    {
        var frames = Math.Max(1, dataset.GetInt(DicomTags.NumberOfFrames) ?? 1);
        if (pixels.Fragments.Count > 0) return MapFragments(pixels, frames, syntax?.IsVideo ?? false, isInflated);
        if (pixels.NativeLength == 0) return FrameIndex.Empty;

        var bits = FrameBits(dataset);
        if (bits == 0) return FrameIndex.Empty;
        return FrameIndex.Native(pixels.NativeOffset, bits, (int)Math.Min(frames, pixels.NativeLength * 8 / bits), isInflated);
    }

    /// <summary>Bits of a native frame; 0 if the description is incomplete or absurd.</summary>
    private static long FrameBits(DicomDataset dataset)
    {
        var rows = dataset.GetInt(DicomTags.Rows) ?? 0;
        var columns = dataset.GetInt(DicomTags.Columns) ?? 0;
        var samples = dataset.GetInt(DicomTags.SamplesPerPixel) ?? 1;
        var allocated = dataset.GetInt(DicomTags.BitsAllocated) ?? (dataset.Contains(DicomTags.FloatPixelData) ? 32 : dataset.Contains(DicomTags.DoubleFloatPixelData) ? 64 : 0);
        if (rows is <= 0 or > ushort.MaxValue || columns is <= 0 or > ushort.MaxValue || samples is <= 0 or > 1024 || allocated is <= 0 or > 64) return 0;

        // Chrominance of 4:2:2 is shared by two pixels (PS3.3 §C.7.6.3.1.2).
        var photometric = dataset.GetString(DicomTags.PhotometricInterpretation);
        if (samples == 3 && photometric is "YBR_FULL_422" or "YBR_PARTIAL_422") samples = 2;
        return (long)rows * columns * samples * allocated;
    }

    private static FrameIndex MapFragments(PixelDataMap pixels, int frames, bool isVideo, bool isInflated)
    {
        FragmentLocation[] fragments = [.. pixels.Fragments];
        FrameIndex Made(int[] firsts) => FrameIndex.Encapsulated(fragments, firsts, isVideo, isInflated);

        if (isVideo || frames == 1) return Made([0]);
        if (ByOffsets(fragments, pixels.Offsets(), frames) is { } byOffsets) return Made(byOffsets);
        if (fragments.Length == frames) return Made([.. Enumerable.Range(0, frames)]);
        int[] starts = [.. Enumerable.Range(0, fragments.Length).Where(i => pixels.StartsFrame[i])];
        return starts.Length == frames && starts[0] == 0 ? Made(starts) : FrameIndex.Empty;
    }

    /// <summary>The first fragment of each frame by an offset table, or null when the table does not fit the fragments.</summary>
    private static int[]? ByOffsets(FragmentLocation[] fragments, long[] offsets, int frames)
    {
        if (offsets.Length != frames || offsets[0] != 0) return null;
        var firsts = new int[frames];
        var fragment = 0;
        for (var frame = 0; frame < frames; frame++)
        {
            while (fragment < fragments.Length && fragments[fragment].Offset - fragments[0].Offset < offsets[frame]) fragment++;
            if (fragment == fragments.Length || fragments[fragment].Offset - fragments[0].Offset != offsets[frame]) return null;
            if (frame > 0 && fragment == firsts[frame - 1]) return null;
            firsts[frame] = fragment;
        }

        return firsts;
    }
}
