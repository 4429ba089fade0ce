using MedCloudCare.Codecs.Decoding;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>How many bits of each cell have to be encoded so that every one can be made again.</summary>
internal static class CellBits
{
    /// <summary>
    /// BitsStored where the bits above are what a decoder makes of the ones below (zero, or the sign); BitsAllocated where
    /// something else is in them, such as an overlay.
    /// </summary>
    public static int Precision(FrameFormat format, ReadOnlySpan<byte> cells)
    {
        if (format.BitsStored == format.BitsAllocated || format.HighBit != format.BitsStored - 1) return format.BitsAllocated;
        var count = cells.Length / format.BytesPerSample;
        for (var i = 0; i < count; i++)
        {
            var cell = Samples.Read(cells, i, format.BytesPerSample);
            var again = Samples.Extend(cell, format.BitsStored, format.IsSigned) & Mask(format.BitsAllocated);
            if (again != cell) return format.BitsAllocated;
        }

        return format.BitsStored;
    }

    public static int Mask(int bits) => bits >= 32 ? -1 : (1 << bits) - 1;
}
