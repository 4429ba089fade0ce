using System.Buffers.Binary;

namespace MedCloudCare.Dicom;

/// <summary>Elements, items, fragments and their values.</summary>
public sealed partial class DicomTokenizer
{
    private const uint Undefined = 0xFFFFFFFF;

    private bool _inValue;
    private DicomTag _valueTag;
    private DicomVR _valueVR;
    private bool _valueIsInferred;
    private bool _valueIsBigEndian;
    private long _valueLeft;

    private bool IsImplicit => _nesting.IsRoot ? _phase != Phase.Meta && _rootImplicit : _nesting.Top.IsImplicit;

    private bool IsBigEndian => _nesting.IsRoot ? _phase != Phase.Meta && _rootBigEndian : _nesting.Top.IsBigEndian;

    private long Limit => _nesting.IsRoot ? _end : _nesting.Top.Limit;

    /// <summary>Reads one header, whatever must come next here.</summary>
    private bool ReadNext(ref ByteInput input)
    {
        _nesting.CloseFinished(this);
        if (!input.Peek(8, out var head)) return false;
        if (!_nesting.IsRoot && _nesting.Top.Kind != NestingKind.Item) return ReadItem(ref input, head);
        if (_nesting.IsRoot && _elements > 0 && !head.ContainsAnyExcept((byte)0))
        {
            _phase = Phase.Padding;
            return true;
        }

        return ReadElement(ref input, head);
    }

    /// <summary>In a sequence or among fragments: an item or the delimiter.</summary>
    private bool ReadItem(ref ByteInput input, ReadOnlySpan<byte> head)
    {
        var tag = ReadTag(head, IsBigEndian);
        var length = ReadUInt32(head[4..]);
        if (tag == DicomDelimiters.SequenceEnd && _nesting.Top.End < 0)
        {
            var end = _position;
            Skip(ref input, 8);
            _nesting.Pop(this, end);
            return true;
        }

        if (tag != DicomDelimiters.Item) throw Fail(DicomError.Malformed, "An item or the end of the sequence is expected");
        Count();
        var isFragment = _nesting.Top.Kind == NestingKind.Fragments;
        if (isFragment && length == Undefined) throw Fail(DicomError.InvalidLength, "A fragment has no length");
        Skip(ref input, 8);
        Require(length);

        ref var parent = ref _nesting.Top;
        parent.Children++;
        if (isFragment)
        {
            _sink.OnToken(new DicomToken { Kind = DicomTokenKind.FragmentStart, Tag = parent.Tag, VR = DicomVR.OB, Length = length, Offset = _position });
            BeginValue(parent.Tag, DicomVR.OB, length);
            return true;
        }

        Push(NestingKind.Item, parent.Tag, length, parent.IsImplicit, parent.IsBigEndian);
        _sink.OnToken(new DicomToken { Kind = DicomTokenKind.ItemStart, Tag = _nesting.Top.Tag, Length = Defined(length), Offset = _position });
        return true;
    }

    private bool ReadElement(ref ByteInput input, ReadOnlySpan<byte> head)
    {
        var tag = ReadTag(head, IsBigEndian);
        if (tag.Group == 0xFFFE) return ReadDelimiter(ref input, tag);

        var vr = DicomVRExtensions.ParseVR(head[4], head[5]);
        if (!IsImplicit && vr == DicomVR.None && !IsUpper(head[4], head[5])) SwitchToImplicit(tag);
        if (!_nesting.IsRoot) _nesting.Top.Children++;

        uint length;
        var headerLength = 8;
        var isInferred = IsImplicit;
        if (isInferred)
        {
            vr = DicomDictionary.VROf(tag);
            length = ReadUInt32(head[4..]);
        }
        else if (vr == DicomVR.None || vr.HasLongLength())
        {
            // A VR of a later edition has the long form (PS3.5 §6.2.2 asks for that) and is treated as UN.
            headerLength = 12;
            if (!input.Peek(headerLength, out head))
            {
                if (!_nesting.IsRoot) _nesting.Top.Children--;
                return false;
            }

            length = ReadUInt32(head[8..]);
            if (vr == DicomVR.None) vr = DicomVR.UN;
        }
        else
        {
            length = IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(head[6..]) : BinaryPrimitives.ReadUInt16LittleEndian(head[6..]);
        }

        Count();
        Skip(ref input, headerLength);
        Require(length, tag);
        BeginElement(tag, vr, length, isInferred);
        return true;
    }

    private void BeginElement(DicomTag tag, DicomVR vr, uint length, bool isInferred)
    {
        var (isImplicit, isBigEndian) = (IsImplicit, IsBigEndian);
        if (vr == DicomVR.UN)
        {
            // UN is in implicit VR little endian whatever surrounds it (PS3.5 §6.2.2 note 2); known attributes get their VR back.
            if (!isInferred) (isImplicit, isBigEndian) = (true, false);
            vr = length == Undefined ? DicomVR.SQ : DicomDictionary.VROf(tag);
            isInferred = true;
        }

        // Group 0002 ends where another group begins, which says nothing within a sequence (and PS3.10 §7.1 has none in it).
        if (_phase == Phase.Meta && (vr == DicomVR.SQ || length == Undefined)) throw Fail(DicomError.Malformed, "A sequence in the meta group", tag);
        if (vr == DicomVR.SQ)
        {
            Push(NestingKind.Sequence, tag, length, isImplicit, isBigEndian);
            _sink.OnToken(new DicomToken { Kind = DicomTokenKind.SequenceStart, Tag = tag, VR = vr, Length = Defined(length), Offset = _position });
            return;
        }

        var token = new DicomToken
        {
            Kind = length == Undefined ? DicomTokenKind.FragmentsStart : DicomTokenKind.ElementStart,
            Tag = tag, VR = vr, IsVRInferred = isInferred, IsBigEndian = isBigEndian, Length = Defined(length), Offset = _position,
        };
        if (length == Undefined)
        {
            if (vr is not (DicomVR.OB or DicomVR.OW)) throw Fail(DicomError.InvalidLength, $"{vr} cannot have an undefined length", tag);
            Push(NestingKind.Fragments, tag, length, isImplicit, isBigEndian);
            _sink.OnToken(token);
            return;
        }

        _sink.OnToken(token);
        (_valueIsInferred, _valueIsBigEndian) = (isInferred, isBigEndian);
        BeginValue(tag, vr, length);
    }

    /// <summary>The end of an item; stray delimiters at the root, which some writers leave, are passed over.</summary>
    private bool ReadDelimiter(ref ByteInput input, DicomTag tag)
    {
        if (!_nesting.IsRoot && (tag != DicomDelimiters.ItemEnd || _nesting.Top.End >= 0)) throw Fail(DicomError.Malformed, "A delimiter is out of place");
        if (_nesting.IsRoot && tag == DicomDelimiters.Item) throw Fail(DicomError.Malformed, "An item is out of place");
        Count();
        var end = _position;
        Skip(ref input, 8);
        if (!_nesting.IsRoot) _nesting.Pop(this, end);
        return true;
    }

    /// <summary>Some writers put implicit items into explicit data sets. It shows at the first element or not at all.</summary>
    private void SwitchToImplicit(DicomTag tag)
    {
        if (_phase == Phase.Meta || _nesting.IsRoot || _nesting.Top.Children > 0) throw Fail(DicomError.InvalidVr, "Not a value representation", tag);
        _nesting.Top.IsImplicit = true;
    }

    private void BeginValue(DicomTag tag, DicomVR vr, uint length)
    {
        (_inValue, _valueTag, _valueVR, _valueLeft, _noted) = (true, tag, vr, length, 0);
        if (length == 0) EndValue();
    }

    private bool ReadValue(ref ByteInput input)
    {
        var bytes = input.TakeSome(_valueLeft);
        if (bytes.IsEmpty) return false;
        _position += bytes.Length;
        _valueLeft -= bytes.Length;
        if (_phase == Phase.Meta) NoteMeta(_valueTag, bytes);
        _sink.OnToken(new DicomToken { Kind = DicomTokenKind.Value, Tag = _valueTag, VR = _valueVR, Value = bytes, Offset = _position - bytes.Length });
        if (_valueLeft == 0) EndValue();
        return true;
    }

    private void EndValue()
    {
        _inValue = false;
        var isFragment = !_nesting.IsRoot && _nesting.Top.Kind == NestingKind.Fragments;
        _sink.OnToken(new DicomToken
        {
            Kind = isFragment ? DicomTokenKind.FragmentEnd : DicomTokenKind.ElementEnd,
            Tag = _valueTag, VR = _valueVR, IsVRInferred = _valueIsInferred, IsBigEndian = _valueIsBigEndian, Offset = _position,
        });
    }

    private void Push(NestingKind kind, DicomTag tag, uint length, bool isImplicit, bool isBigEndian)
    {
        var end = length == Undefined ? -1 : _position + length;
        if (!_nesting.TryPush(new Nesting(kind, tag, end, end < 0 ? Limit : end, isImplicit, isBigEndian)))
        {
            throw Fail(DicomError.TooDeep, $"More than {_options.MaxDepth} sequences within each other", tag);
        }
    }

    /// <summary>Refuses a length that does not fit into what contains it.</summary>
    private void Require(uint length, DicomTag? tag = null)
    {
        var end = length == Undefined ? _position : _position + length;
        if (end > Limit) throw Fail(DicomError.LengthBeyondEnd, $"A length of {length} reaches beyond the end of what contains it", tag);
    }

    private void Count()
    {
        if (++_elements > _options.MaxElements) throw Fail(DicomError.TooManyElements, $"More than {_options.MaxElements} elements");
    }

    private void Skip(ref ByteInput input, int count)
    {
        input.Skip(count);
        _position += count;
    }

    private uint ReadUInt32(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static DicomTag ReadTag(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? new DicomTag(BinaryPrimitives.ReadUInt16BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]))
        : new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));

    private static bool IsUpper(byte first, byte second) => first is >= (byte)'A' and <= (byte)'Z' && second is >= (byte)'A' and <= (byte)'Z';

    private static long Defined(uint length) => length == Undefined ? -1 : length;
}
