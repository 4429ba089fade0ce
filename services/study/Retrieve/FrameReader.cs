using System.Buffers;
using System.Runtime.CompilerServices;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Gives one frame in pieces: native frames as they lie, fragments joined without their item headers, frames of one bit a
/// pixel moved to a byte boundary (PS3.5 §8.1.1, §A.4).
/// </summary>
internal static class FrameReader
{
    /// <summary>Bytes of a frame as it is given out.</summary>
    public static long SizeOf(in FrameLocation place)
    {
        if (place.Fragments.Length == 0)
        {
            return (place.BitLength + 7) / 8;
        }

        long size = 0;
        foreach (FragmentLocation fragment in place.Fragments.Span)
        {
            size += fragment.Length;
        }

        return size;
    }

    /// <summary>The pieces, at most 64 KiB each; one is valid until the next one is asked for.</summary>
    public static IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(StoredFile file, InstanceLayout layout, FrameLocation place, CancellationToken cancellationToken)
    {
        if (place.Fragments.Length > 0)
        {
            return JoinAsync(file, layout, place.Fragments, cancellationToken);
        }

        return place.BitOffset != 0 || (place.BitLength & 7) != 0
            ? AlignAsync(file, layout, place, cancellationToken)
            : file.ReadAsync(layout, place.Offset, place.Length, cancellationToken);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> JoinAsync(
        StoredFile file, InstanceLayout layout, ReadOnlyMemory<FragmentLocation> fragments, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = 0; i < fragments.Length; i++)
        {
            FragmentLocation fragment = fragments.Span[i];
            await foreach (ReadOnlyMemory<byte> piece in file.ReadAsync(layout, fragment.Offset, fragment.Length, cancellationToken))
            {
                yield return piece;
            }
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> AlignAsync(
        StoredFile file, InstanceLayout layout, FrameLocation place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        BitAligner aligner = new(place.BitOffset, place.BitLength);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((64 << 10) + 1);
        try
        {
            await foreach (ReadOnlyMemory<byte> piece in file.ReadAsync(layout, place.Offset, place.Length, cancellationToken))
            {
                int made = aligner.Align(piece.Span, buffer);
                if (made > 0)
                {
                    yield return buffer.AsMemory(0, made);
                }
            }

            if (aligner.End(buffer) is var rest and > 0)
            {
                yield return buffer.AsMemory(0, rest);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}

/// <summary>Moves a run of bits (first pixel in the lowest bit) that starts within a byte to a byte boundary, piece by piece.</summary>
internal struct BitAligner(int bitOffset, long bitLength)
{
    private long _left = bitLength;
    private byte _carry;
    private bool _hasCarry;

    /// <summary>Aligns a piece.</summary>
    /// <returns>Bytes written: at most the length of the piece and one.</returns>
    public int Align(ReadOnlySpan<byte> piece, Span<byte> output)
    {
        int made = 0;
        foreach (byte next in piece)
        {
            if (_hasCarry)
            {
                made += Put(output[made..], (byte)((_carry >> bitOffset) | (next << (8 - bitOffset))));
            }

            _carry = next;
            _hasCarry = true;
        }

        return made;
    }

    /// <summary>The last byte, if bits are left for one.</summary>
    public int End(Span<byte> output) => _hasCarry ? Put(output, (byte)(_carry >> bitOffset)) : 0;

    private int Put(Span<byte> output, byte value)
    {
        if (_left <= 0)
        {
            return 0;
        }

        output[0] = _left >= 8 ? value : (byte)(value & ((1 << (int)_left) - 1));
        _left -= 8;
        return 1;
    }
}
