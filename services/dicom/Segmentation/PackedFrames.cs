using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace MedCloudCare.Dicom.Segmentation;

/// <summary>A frame of a segmentation: the voxels of one label in one slice.</summary>
internal readonly record struct SegmentFrame(int Segment, int Label, int Slice);

/// <summary>
/// Pixel data of one bit a pixel, made as it is read: pixels follow each other across row and frame boundaries, the first in
/// the least significant bit (PS3.5 §8.1.1 and annex D.1.1). The last byte is filled with zeros.
/// </summary>
internal sealed class PackedFrames(Labelmap labels, IReadOnlyList<SegmentFrame> frames) : ForwardStream
{
    private const int Step = 32;

    private readonly byte[] _buffer = new byte[64 << 10];
    private int _start, _end;
    private int _frame, _voxel;
    private ulong _bits;
    private int _bitCount;

    public override long Length { get; } = LengthOf(labels, frames.Count);

    public static long LengthOf(Labelmap labels, int frames) => (((long)labels.VoxelsPerSlice * frames) + 7) / 8;

    public override int Read(Span<byte> buffer)
    {
        if (_start == _end) Fill();
        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    private void Fill()
    {
        (_start, _end) = (0, 0);
        while (_frame < frames.Count && _end <= _buffer.Length - sizeof(uint))
        {
            var frame = frames[_frame];
            if (labels.BytesPerVoxel == 1) Pack(labels.Bytes(frame.Slice), (byte)frame.Label);
            else Pack(labels.Words(frame.Slice), (ushort)frame.Label);
            if (_voxel < labels.VoxelsPerSlice) return;
            (_frame, _voxel) = (_frame + 1, 0);
        }

        if (_frame == frames.Count && _end < _buffer.Length - sizeof(ulong)) Finish();
    }

    private void Pack(ReadOnlySpan<byte> slice, byte label)
    {
        var wanted = Vector256.Create(label);
        for (; _end <= _buffer.Length - sizeof(uint) && _voxel <= slice.Length - Step; _voxel += Step)
        {
            Append(Vector256.Equals(Vector256.Create(slice.Slice(_voxel, Step)), wanted).ExtractMostSignificantBits(), Step);
        }

        if (_end > _buffer.Length - sizeof(uint) || _voxel == slice.Length) return;
        var mask = 0u;
        var rest = slice[_voxel..];
        for (var i = 0; i < rest.Length; i++) mask |= rest[i] == label ? 1u << i : 0;
        Append(mask, rest.Length);
        _voxel = slice.Length;
    }

    private void Pack(ReadOnlySpan<ushort> slice, ushort label)
    {
        var wanted = Vector256.Create(label);
        for (; _end <= _buffer.Length - sizeof(uint) && _voxel <= slice.Length - Step; _voxel += Step)
        {
            var low = Vector256.Equals(Vector256.Create(slice.Slice(_voxel, Step / 2)), wanted).ExtractMostSignificantBits();
            var high = Vector256.Equals(Vector256.Create(slice.Slice(_voxel + (Step / 2), Step / 2)), wanted).ExtractMostSignificantBits();
            Append(low | (high << (Step / 2)), Step);
        }

        if (_end > _buffer.Length - sizeof(uint) || _voxel == slice.Length) return;
        var mask = 0u;
        var rest = slice[_voxel..];
        for (var i = 0; i < rest.Length; i++) mask |= rest[i] == label ? 1u << i : 0;
        Append(mask, rest.Length);
        _voxel = slice.Length;
    }

    /// <summary>At most 31 bits wait, so that 32 more always fit; whole 32-bit groups go out.</summary>
    private void Append(uint mask, int count)
    {
        _bits |= (ulong)mask << _bitCount;
        _bitCount += count;
        if (_bitCount < Step) return;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_end), (uint)_bits);
        _end += sizeof(uint);
        _bits >>= Step;
        _bitCount -= Step;
    }

    private void Finish()
    {
        for (; _bitCount > 0; _bitCount -= 8, _bits >>= 8) _buffer[_end++] = (byte)_bits;
        _bitCount = 0;
    }
}
