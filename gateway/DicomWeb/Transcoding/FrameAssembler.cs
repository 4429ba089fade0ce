using System.Buffers;
using System.Buffers.Binary;
using MedCloudCare.Codecs;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>
/// Cuts pixel data into frames while they pass. Fragments belong to a frame by the offset table (PS3.5 §A.4), else a frame begins
/// where a code stream does; an RLE frame is one fragment.
/// </summary>
internal sealed class FrameAssembler
{
    private readonly Queue<byte[]> _ready;
    private readonly long _maxBytes;
    private readonly int _count;
    private readonly int _swapUnit = 1;
    private readonly long _frameBytes;
    private readonly PixelCoding _coding;
    private readonly byte[] _extendedOffsets;
    private readonly List<byte> _basicOffsets = [];
    private readonly HashSet<long> _starts = [];
    private readonly ArrayBufferWriter<byte> _frame = new();
    private readonly byte[] _head = new byte[4];
    private int _headLength;
    private long _firstFragment = -1;
    private bool _hasTable;
    private bool _inTable;
    private bool _isUndecided;
    private int _done;

    private FrameAssembler(int count, PixelCoding coding, byte[] extendedOffsets, long maxBytes, Queue<byte[]> ready, long frameBytes, int swapUnit)
    {
        (_count, _coding, _extendedOffsets, _maxBytes, _ready) = (count, coding, extendedOffsets, maxBytes, ready);
        (_frameBytes, _swapUnit) = (frameBytes, swapUnit);
    }

    public static FrameAssembler Native(long frameBytes, int count, int swapUnit, Queue<byte[]> ready) =>
        new(count, PixelCoding.Native, [], frameBytes, ready, frameBytes, swapUnit);

    public static FrameAssembler Encapsulated(int count, PixelCoding coding, byte[] extendedOffsets, long maxBytes, Queue<byte[]> ready) =>
        new(count, coding, extendedOffsets, maxBytes, ready, frameBytes: 0, swapUnit: 1);

    public void BeginFragment(long offset, long length)
    {
        if (!_hasTable)
        {
            (_hasTable, _inTable) = (true, true);
            return;
        }

        if (_firstFragment < 0)
        {
            _firstFragment = offset;
            ReadStarts();
        }
        else if (_starts.Count > 0)
        {
            if (_starts.Contains(offset - _firstFragment)) Finish();
        }
        else if (_count > 1)
        {
            if (_coding is PixelCoding.Rle or PixelCoding.Native) Finish();
            else (_isUndecided, _headLength) = (length > 0, 0);
        }
    }

    public void Add(ReadOnlySpan<byte> value)
    {
        if (_inTable)
        {
            if (_basicOffsets.Count + (long)value.Length <= 4L * _count) _basicOffsets.AddRange(value);
            return;
        }

        if (_isUndecided)
        {
            var taken = Math.Min(_head.Length - _headLength, value.Length);
            value[..taken].CopyTo(_head.AsSpan(_headLength));
            _headLength += taken;
            value = value[taken..];
            if (_headLength < _head.Length) return;
            Decide();
        }

        if (_frameBytes == 0)
        {
            Append(value);
            return;
        }

        while (!value.IsEmpty && _done < _count)
        {
            var taken = (int)Math.Min(value.Length, _frameBytes - _frame.WrittenCount);
            Append(value[..taken]);
            value = value[taken..];
            if (_frame.WrittenCount == _frameBytes) Finish();
        }
    }

    public void EndFragment()
    {
        _inTable = false;
        if (_isUndecided) Decide();
    }

    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE: there are other than the declared number of frames.</exception>
    public void End()
    {
        if (_frameBytes == 0 && _firstFragment >= 0) Finish();
        if (_done != _count || (_frameBytes > 0 && _frame.WrittenCount > 0)) throw PixelCodec.Refused("its pixel data are not of the declared number of frames");
    }

    /// <summary>A new frame begins where the first bytes of a fragment are those of a code stream (JPEG and JPEG-LS, JPEG 2000, JP2).</summary>
    private void Decide()
    {
        _isUndecided = false;
        var start = _headLength < _head.Length ? 0 : BinaryPrimitives.ReadUInt32BigEndian(_head);
        if (start >> 16 == 0xFFD8 || start is 0xFF4FFF51 or 0x0000000C) Finish();
        Append(_head.AsSpan(0, _headLength));
    }

    private void ReadStarts()
    {
        var isExtended = _extendedOffsets.Length >= 8;
        var (table, unit) = isExtended ? (_extendedOffsets, 8) : ([.. _basicOffsets], 4);

        // A table of another size than the number of frames is none.
        if (table.Length != (long)unit * _count) return;
        for (var i = 0; i < table.Length; i += unit)
        {
            _starts.Add(isExtended ? BinaryPrimitives.ReadInt64LittleEndian(table.AsSpan(i)) : BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(i)));
        }
    }

    private void Append(ReadOnlySpan<byte> value)
    {
        if (_frame.WrittenCount + value.Length > _maxBytes) throw MeshErrors.Limit("bytes of a stored frame", _maxBytes);
        _frame.Write(value);
    }

    private void Finish()
    {
        if (++_done > _count) throw PixelCodec.Refused("its pixel data are not of the declared number of frames");
        var frame = _frame.WrittenSpan.ToArray();
        _frame.ResetWrittenCount();
        PixelPieces.Swap(frame, _swapUnit);
        _ready.Enqueue(frame);
    }
}
