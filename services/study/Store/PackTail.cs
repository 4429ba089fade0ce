using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Studies;

/// <summary>Finds where the last complete group of a pack ends by the trailers alone, without a key.</summary>
internal static class PackTail
{
    private const int Window = 1 << 20;

    /// <summary>The end of the last complete group behind an offset, or the offset where there is none.</summary>
    public static long EndOfLastGroup(SafeFileHandle file, long from)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Window);
        try
        {
            long end = RandomAccess.GetLength(file);
            while (end - PackFormat.TrailerLength >= from)
            {
                // Windows overlap by all but a byte of a trailer, so that none is missed between two of them.
                long start = Math.Max(from, end - Window);
                int read = Read(file, start, buffer.AsSpan(0, (int)(end - start)));
                if (FindIn(buffer.AsSpan(0, read), start, from) is { } found)
                {
                    return found;
                }

                if (start == from)
                {
                    break;
                }

                end = start + PackFormat.TrailerLength - 1;
            }

            return from;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The end of the last trailer within bytes of a pack that start at an offset of it.</summary>
    public static long? FindIn(ReadOnlySpan<byte> bytes, long offset, long from)
    {
        for (int at = bytes.Length - PackFormat.TrailerLength; at >= 0;)
        {
            ReadOnlySpan<byte> trailer = bytes.Slice(at, PackFormat.TrailerLength);
            if (PackFormat.TryReadTrailer(trailer, out long groupStart, out long manifest) && groupStart >= from && groupStart + manifest <= offset + at)
            {
                return offset + at + PackFormat.TrailerLength;
            }

            int before = bytes[..(at + PackFormat.TrailerLength - 1)].LastIndexOf(PackFormat.TrailerMagic);
            at = before < 0 ? -1 : before - (PackFormat.TrailerLength - PackFormat.TrailerMagic.Length);
        }

        return null;
    }

    private static int Read(SafeFileHandle file, long offset, Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && RandomAccess.Read(file, buffer[total..], offset + total) is var read and > 0)
        {
            total += read;
        }

        return total;
    }
}
