using System.Buffers;

namespace MedCloudCare.Dicom;

public sealed partial class FrameIndex
{
    private const byte Version = 1;

    /// <summary>A compact form to keep in a database: a few bytes for native pixels, about four a fragment for others.</summary>
    public byte[] ToBytes()
    {
        var output = new ArrayBufferWriter<byte>(32 + (_fragments.Length * 5));
        output.Write([Version, (byte)Layout, IsInflated ? (byte)1 : (byte)0]);
        Write(output, Count);
        if (Layout == FrameLayout.None) return output.WrittenSpan.ToArray();
        if (Layout == FrameLayout.Native)
        {
            Write(output, _offset);
            Write(output, _frameBits);
            return output.WrittenSpan.ToArray();
        }

        Write(output, _fragments.Length);
        var position = 0L;
        foreach (var fragment in _fragments)
        {
            Write(output, fragment.Offset - position);
            Write(output, fragment.Length);
            position = fragment.Offset + fragment.Length;
        }

        var previous = 0;
        foreach (var first in _firstFragments)
        {
            Write(output, first - previous);
            previous = first;
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are something else.</exception>
    public static FrameIndex FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4 || bytes[0] != Version || bytes[1] > (byte)FrameLayout.Stream) throw Invalid();
        var layout = (FrameLayout)bytes[1];
        var isInflated = bytes[2] != 0;
        bytes = bytes[3..];
        var count = ReadCount(ref bytes, int.MaxValue);
        return layout switch
        {
            FrameLayout.None => Empty,
            FrameLayout.Native => ReadNative(bytes, count, isInflated),
            _ => ReadFragments(bytes, layout, count, isInflated),
        };
    }

    private static FrameIndex ReadNative(ReadOnlySpan<byte> bytes, int count, bool isInflated)
    {
        var (offset, bits) = (Read(ref bytes), Read(ref bytes));
        var isPossible = count > 0 && bits > 0 && bits <= (long.MaxValue - 7) / count && offset <= long.MaxValue - (((bits * count) + 7) / 8);
        return isPossible ? new FrameIndex(FrameLayout.Native, count, isInflated, offset, bits, [], []) : throw Invalid();
    }

    private static FrameIndex ReadFragments(ReadOnlySpan<byte> bytes, FrameLayout layout, int count, bool isInflated)
    {
        // Each takes a byte at least: nothing is allocated that the bytes do not hold.
        var fragments = new FragmentLocation[ReadCount(ref bytes, bytes.Length)];
        if (count == 0 || count > fragments.Length) throw Invalid();
        var position = 0L;
        for (var i = 0; i < fragments.Length; i++)
        {
            var (gap, length) = (Read(ref bytes), Read(ref bytes));
            if (gap > long.MaxValue / 8 - position || length > long.MaxValue / 8 - position - gap) throw Invalid();
            fragments[i] = new FragmentLocation(position + gap, length);
            position += gap + length;
        }

        var firsts = new int[count];
        for (var i = 0; i < count; i++)
        {
            var step = ReadCount(ref bytes, fragments.Length);
            firsts[i] = i == 0 ? step : firsts[i - 1] + step;
            if ((i == 0) != (step == 0) || firsts[i] >= fragments.Length) throw Invalid();
        }

        return new FrameIndex(layout, count, isInflated, 0, 0, fragments, firsts);
    }

    private static int ReadCount(ref ReadOnlySpan<byte> bytes, int limit)
    {
        var count = Read(ref bytes);
        return count <= limit ? (int)count : throw Invalid();
    }

    private static void Write(ArrayBufferWriter<byte> output, long value)
    {
        var bytes = output.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7) bytes[length++] = (byte)(value | 0x80);
        bytes[length++] = (byte)value;
        output.Advance(length);
    }

    private static long Read(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        for (var shift = 0; shift < 63; shift += 7)
        {
            if (bytes.IsEmpty) throw Invalid();
            var b = bytes[0];
            bytes = bytes[1..];
            value |= (long)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }

        throw Invalid();
    }

    private static InvalidDataException Invalid() => new("The bytes are no frame index.");
}
