using System.Buffers;
using System.Buffers.Binary;

namespace MedCloudCare.Codecs.Encoding;

/// <summary>RLE Lossless, PS3.5 annex G: one segment for each byte of each sample, the most significant first, every row by itself.</summary>
internal static class RleEncoder
{
    private const int HeaderSize = 64;
    private const int MaxRun = 128;

    public static byte[] Encode(FrameFormat format, ReadOnlySpan<byte> cells)
    {
        var (bytes, step) = (format.BytesPerSample, format.Samples * format.BytesPerSample);
        var output = new ArrayBufferWriter<byte>(Math.Max(1024, cells.Length / 2));
        output.Write(new byte[HeaderSize]);
        Span<byte> header = stackalloc byte[HeaderSize];
        header.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(header, step);
        var row = new byte[format.Columns];
        for (var segment = 0; segment < step; segment++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header[(4 + (4 * segment))..], output.WrittenCount);
            var first = (segment / bytes * bytes) + bytes - 1 - (segment % bytes);
            for (var y = 0; y < format.Rows; y++)
            {
                var at = ((y * format.Columns) * step) + first;
                for (var x = 0; x < row.Length; x++, at += step) row[x] = cells[at];
                Pack(row, output);
            }

            if (output.WrittenCount % 2 != 0) output.Write([(byte)0]);
        }

        var result = output.WrittenSpan.ToArray();
        header.CopyTo(result);
        return result;
    }

    /// <summary>Runs of three and more equal bytes are replicated, all else is literal.</summary>
    private static void Pack(ReadOnlySpan<byte> row, ArrayBufferWriter<byte> output)
    {
        while (!row.IsEmpty)
        {
            var run = Run(row);
            if (run >= 3 || run == row.Length)
            {
                var pair = output.GetSpan(2);
                (pair[0], pair[1]) = run == 1 ? ((byte)0, row[0]) : ((byte)(257 - run), row[0]);
                output.Advance(2);
                row = row[run..];
                continue;
            }

            var literal = run;
            while (literal < row.Length && literal < MaxRun && Run(row[literal..]) < 3) literal++;
            output.GetSpan(1)[0] = (byte)(literal - 1);
            output.Advance(1);
            output.Write(row[..literal]);
            row = row[literal..];
        }
    }

    private static int Run(ReadOnlySpan<byte> row)
    {
        var end = Math.Min(row.Length, MaxRun);
        var length = 1;
        while (length < end && row[length] == row[0]) length++;
        return length;
    }
}
