using System.Buffers;

namespace MedCloudCare.Dicom;

/// <summary>Where the bytes of one frame lie.</summary>
/// <param name="Offset">First byte, from the start of the file (of the inflated data set if <see cref="FrameIndex.IsInflated"/>).</param>
/// <param name="Length">Bytes to read. For several fragments this spans the item headers between them.</param>
/// <param name="BitOffset">For bits allocated of 1: bits of the first byte that belong to the frame before (PS3.5 §8.1.1); else 0.</param>
/// <param name="BitLength">Bits of the frame; 8 × length unless bit-packed.</param>
public readonly record struct FrameLocation(long Offset, long Length, int BitOffset, long BitLength)
{
    /// <summary>Fragments to be joined; empty when the range is the frame as it is.</summary>
    public ReadOnlyMemory<FragmentLocation> Fragments { get; init; }

    /// <summary>
    /// Makes the frame of the range read: drops the item headers between fragments, or moves a bit-packed frame to bit 0.
    /// </summary>
    /// <param name="range">The <see cref="Length"/> bytes at <see cref="Offset"/>.</param>
    public void Assemble(ReadOnlySpan<byte> range, IBufferWriter<byte> output)
    {
        if (range.Length != Length) throw new ArgumentException("The range is not the frame's.", nameof(range));
        if (Fragments.Length > 1)
        {
            foreach (var fragment in Fragments.Span) output.Write(range.Slice((int)(fragment.Offset - Offset), (int)fragment.Length));
        }
        else if (BitOffset != 0 || (BitLength & 7) != 0)
        {
            ShiftBits(range, output);
        }
        else
        {
            output.Write(range);
        }
    }

    private void ShiftBits(ReadOnlySpan<byte> range, IBufferWriter<byte> output)
    {
        var length = (int)((BitLength + 7) / 8);
        var target = output.GetSpan(length)[..length];
        for (var i = 0; i < length; i++)
        {
            var next = i + 1 < range.Length ? range[i + 1] : 0;
            target[i] = (byte)((range[i] >> BitOffset) | (next << (8 - BitOffset)));
        }

        var used = (int)(BitLength & 7);
        if (used != 0) target[^1] &= (byte)((1 << used) - 1);
        output.Advance(length);
    }
}

/// <summary>The value of one fragment of encapsulated pixel data, without its item header.</summary>
public readonly record struct FragmentLocation(long Offset, long Length);

/// <summary>How pixel data is divided into frames.</summary>
public enum FrameLayout : byte
{
    /// <summary>No pixel data, or one whose description is missing or inconsistent.</summary>
    None,

    /// <summary>Frames of equal size one after the other.</summary>
    Native,

    /// <summary>Fragments assigned to frames.</summary>
    Encapsulated,

    /// <summary>One stream for all frames (video): frame 1 is the whole stream.</summary>
    Stream,
}

/// <summary>The place of every frame of an instance, so that a frame is one range read.</summary>
public sealed partial class FrameIndex
{
    private readonly long _offset;
    private readonly long _frameBits;
    private readonly FragmentLocation[] _fragments;
    private readonly int[] _firstFragments;

    private FrameIndex(FrameLayout layout, int count, bool isInflated, long offset, long frameBits, FragmentLocation[] fragments, int[] firstFragments)
    {
        (Layout, Count, IsInflated) = (layout, count, isInflated);
        (_offset, _frameBits, _fragments, _firstFragments) = (offset, frameBits, fragments, firstFragments);
    }

    public static FrameIndex Empty { get; } = new(FrameLayout.None, 0, false, 0, 0, [], []);

    public FrameLayout Layout { get; }

    /// <summary>Frames whose bytes are all there.</summary>
    public int Count { get; }

    /// <summary>Offsets count in the inflated data set, not in the file: a frame needs inflating from the start.</summary>
    public bool IsInflated { get; }

    /// <summary>The place of a frame, counted from 0 (DICOMweb counts from 1).</summary>
    public FrameLocation this[int frame]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(frame);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frame, Count);
            return Layout == FrameLayout.Native ? NativeFrame(frame) : FragmentedFrame(frame);
        }
    }

    internal static FrameIndex Native(long offset, long frameBits, int count, bool isInflated) =>
        count == 0 ? Empty : new FrameIndex(FrameLayout.Native, count, isInflated, offset, frameBits, [], []);

    /// <param name="firstFragments">The number of the first fragment of each frame, ascending from 0.</param>
    internal static FrameIndex Encapsulated(FragmentLocation[] fragments, int[] firstFragments, bool isStream, bool isInflated) =>
        new(isStream ? FrameLayout.Stream : FrameLayout.Encapsulated, firstFragments.Length, isInflated, 0, 0, fragments, firstFragments);

    private FrameLocation NativeFrame(int frame)
    {
        var firstBit = frame * _frameBits;
        var firstByte = firstBit / 8;
        var endByte = (firstBit + _frameBits + 7) / 8;
        return new FrameLocation(_offset + firstByte, endByte - firstByte, (int)(firstBit & 7), _frameBits);
    }

    private FrameLocation FragmentedFrame(int frame)
    {
        var first = _firstFragments[frame];
        var end = frame + 1 < Count ? _firstFragments[frame + 1] : _fragments.Length;
        var last = _fragments[end - 1];
        var offset = _fragments[first].Offset;
        var length = last.Offset + last.Length - offset;
        var fragments = end - first > 1 ? _fragments.AsMemory(first, end - first) : default;
        return new FrameLocation(offset, length, 0, length * 8) { Fragments = fragments };
    }
}
