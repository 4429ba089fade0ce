using MedCloudCare.Codecs.Decoding;
using MedCloudCare.Codecs.Libraries;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>JPEG-LS without loss, by CharLS.</summary>
internal static class JpegLsEncoder
{
    private const int MinPrecision = 2;

    /// <exception cref="NotSupportedException">More than 16 bits a sample.</exception>
    public static unsafe byte[] Encode(FrameFormat format, byte[] cells)
    {
        if (format.BitsAllocated > 16) throw new NotSupportedException();

        // JPEG-LS knows no sign, and GDCM does not put one back where the precision is less than the cell's.
        var precision = format.IsSigned ? format.BitsAllocated : Math.Max(MinPrecision, CellBits.Precision(format, cells));
        var source = ToSource(format, cells, precision);
        using var encoder = CharLsEncoder.Create();
        var info = new CharLs.FrameInfo { Width = (uint)format.Columns, Height = (uint)format.Rows, BitsPerSample = precision, Components = format.Samples };
        CharLs.Check(CharLs.SetFrameInfo(encoder, info));
        if (format.Samples > 1) CharLs.Check(CharLs.SetInterleaveMode(encoder, CharLs.InterleaveLine));
        CharLs.Check(CharLs.GetEstimatedDestinationSize(encoder, out var estimate));

        // The estimate is of the samples; noise of full precision grows by some bits each.
        var target = new byte[checked((int)estimate * 2) + 1024];
        fixed (byte* from = source, to = target)
        {
            CharLs.Check(CharLs.SetDestinationBuffer(encoder, to, (nuint)target.Length));
            CharLs.Check(CharLs.EncodeFromBuffer(encoder, from, (nuint)source.Length, 0));
            CharLs.Check(CharLs.GetBytesWritten(encoder, out var written));
            return target.AsSpan(0, (int)written).ToArray();
        }
    }

    /// <summary>Samples of the precision alone, in one byte where they fit it.</summary>
    private static byte[] ToSource(FrameFormat format, byte[] cells, int precision)
    {
        var width = precision > 8 ? 2 : 1;
        if (width == format.BytesPerSample && precision == format.BitsAllocated) return cells;
        var source = new byte[format.Pixels * format.Samples * width];
        for (var i = 0L; i < format.Pixels * format.Samples; i++)
        {
            Samples.Write(source, i, width, Samples.Read(cells, i, format.BytesPerSample) & CellBits.Mask(precision));
        }

        return source;
    }
}
