using System.Buffers.Binary;

namespace MedCloudCare.Dicom;

/// <summary>What a pass over the file shows of the root's pixel data: its place, its fragments, its offset tables.</summary>
internal sealed class PixelDataMap(DicomReadOptions options)
{
    private enum Target : byte
    {
        None, BasicOffsets, ExtendedOffsets, FragmentStart,
    }

    private readonly List<FragmentLocation> _fragments = [];
    private readonly List<bool> _startsFrame = [];
    private readonly List<byte> _basicOffsets = [];
    private readonly List<byte> _extendedOffsets = [];
    private Target _target;
    private bool _inPixels;
    private bool _hasOffsetTable;
    private uint _start;
    private int _startLength;

    /// <summary>Native pixel data; length 0 if there is none.</summary>
    public long NativeOffset { get; private set; }

    public long NativeLength { get; private set; }

    public IReadOnlyList<FragmentLocation> Fragments => _fragments;

    /// <summary>For each fragment: it begins with the first marker of a JPEG or JPEG 2000 code stream.</summary>
    public IReadOnlyList<bool> StartsFrame => _startsFrame;

    /// <summary>Byte offsets of frames from the first fragment's item header; the extended table if there is one.</summary>
    public long[] Offsets()
    {
        var extended = _extendedOffsets.Count >= 8;
        var bytes = (extended ? _extendedOffsets : _basicOffsets).ToArray().AsSpan();
        var unit = extended ? 8 : 4;
        var offsets = new long[bytes.Length / unit];
        for (var i = 0; i < offsets.Length; i++)
        {
            var entry = bytes[(i * unit)..];
            offsets[i] = extended ? BinaryPrimitives.ReadInt64LittleEndian(entry) : BinaryPrimitives.ReadUInt32LittleEndian(entry);
        }

        return offsets;
    }

    public static bool IsPixelData(DicomTag tag) =>
        tag == DicomTags.PixelData || tag == DicomTags.FloatPixelData || tag == DicomTags.DoubleFloatPixelData;

    public void BeginElement(in DicomToken token)
    {
        _target = token.Tag == DicomTags.ExtendedOffsetTable && !token.IsBigEndian ? Target.ExtendedOffsets : Target.None;
        if (_target == Target.ExtendedOffsets) _extendedOffsets.Clear();
        if (IsPixelData(token.Tag)) (NativeOffset, NativeLength) = (token.Offset, token.Length);
    }

    public void EndElement() => _target = Target.None;

    public void BeginFragments(DicomTag tag, bool isRoot)
    {
        _inPixels = isRoot && tag == DicomTags.PixelData;
        _hasOffsetTable = false;
    }

    public void BeginFragment(long offset, long length)
    {
        if (!_inPixels) return;
        if (!_hasOffsetTable)
        {
            _hasOffsetTable = true;
            _target = Target.BasicOffsets;
            return;
        }

        _fragments.Add(new FragmentLocation(offset, length));
        _target = Target.FragmentStart;
        (_start, _startLength) = (0, 0);
    }

    public void EndFragment()
    {
        if (_target == Target.FragmentStart) _startsFrame.Add(_start >> 16 == 0xFFD8 || _start == 0xFF4FFF51);
        _target = Target.None;
    }

    public void EndFragments() => _inPixels = false;

    public void AddValue(ReadOnlySpan<byte> value)
    {
        switch (_target)
        {
            case Target.BasicOffsets: Collect(_basicOffsets, value); break;
            case Target.ExtendedOffsets: Collect(_extendedOffsets, value); break;
            case Target.FragmentStart:
                for (var i = 0; i < value.Length && _startLength < 4; i++, _startLength++) _start |= (uint)value[i] << (24 - (8 * _startLength));
                break;
        }
    }

    /// <summary>A table longer than the fragments there may be is no table; what was collected will match nothing.</summary>
    private void Collect(List<byte> bytes, ReadOnlySpan<byte> value)
    {
        if (bytes.Count + value.Length <= options.MaxElements * 8L) bytes.AddRange(value);
    }
}
