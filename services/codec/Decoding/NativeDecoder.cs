namespace MedCloudCare.Codecs.Decoding;

/// <summary>Native frames into one order: colour by pixel, chroma for every pixel.</summary>
internal static class NativeDecoder
{
    /// <exception cref="InvalidDataException">The frame is shorter than its attributes say.</exception>
    public static DecodedFrame Decode(FrameFormat format, byte[] frame)
    {
        if (frame.Length < format.NativeBytes) throw new InvalidDataException("The frame is too short.");
        var cells = frame.AsSpan(0, (int)format.NativeBytes);
        if (format.Photometric == Photometric.YbrFull422) return new DecodedFrame(FromHalfChroma(format, cells), Photometric.YbrFull);
        if (format is { IsPlanar: true, Samples: > 1 })
        {
            return new DecodedFrame(Samples.Interleave(cells, format.Samples, format.BytesPerSample, format.Pixels), format.Photometric);
        }

        return new DecodedFrame(cells.Length == frame.Length ? frame : cells.ToArray(), format.Photometric);
    }

    /// <summary>Y1 Y2 Cb Cr for two pixels (PS3.3 §C.7.6.3.1.2).</summary>
    private static byte[] FromHalfChroma(FrameFormat format, ReadOnlySpan<byte> frame)
    {
        if (format.Columns % 2 != 0 || format.BitsAllocated != 8) throw new InvalidDataException("YBR_FULL_422 needs an even number of columns of 8 bits.");
        var samples = new byte[format.DecodedBytes];
        for (var pixel = 0; pixel < format.Pixels; pixel++)
        {
            var pair = frame.Slice(pixel / 2 * 4, 4);
            samples[pixel * 3] = pair[pixel % 2];
            samples[(pixel * 3) + 1] = pair[2];
            samples[(pixel * 3) + 2] = pair[3];
        }

        return samples;
    }
}
