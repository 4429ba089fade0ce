using MedCloudCare.Codecs;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>
/// Takes the tokens of a stored file apart: meta group, attributes before the pixels, frames, attributes behind them. Frames are
/// taken out as they are complete, so that no more than one and what the last bytes brought is in memory.
/// </summary>
/// <param name="target">Native pixels that stay native are handed on in pieces, in little endian; all others are cut into frames.</param>
internal sealed class TranscodeReader(TranscodeTarget target, string storedSyntax, long maxFrameBytes) : IDicomTokenSink
{
    private readonly Stack<bool> _signed = [];
    private ElementBuffer _current = new();
    private FrameAssembler? _frames;
    private PixelPieces? _pieces;
    private ElementBuffer? _element;
    private List<byte>? _offsets;
    private int _depth;
    private bool _inPixels;

    /// <summary>Group 0002.</summary>
    public ElementBuffer Meta { get; private set; } = new();

    /// <summary>The attributes before the pixels; all where there are none.</summary>
    public ElementBuffer Attributes { get; private set; } = new();

    /// <summary>The attributes behind the pixels.</summary>
    public ElementBuffer Trailer { get; } = new();

    /// <summary>Those attributes that decide how pixels are coded.</summary>
    public DicomDataset Essentials { get; } = new();

    /// <summary>Set once the pixel data begin.</summary>
    public bool HasPixels { get; private set; }

    /// <summary>The element that the pixels are in; of native pixels also their VR and length.</summary>
    public (DicomTag Tag, DicomVR VR, long Length) Pixels { get; private set; }

    /// <summary>Complete frames, or pieces, that have not been taken yet.</summary>
    public Queue<byte[]> Ready { get; } = [];

    private bool IsRoot => _depth == 0;

    public void OnToken(in DicomToken token)
    {
        switch (token.Kind)
        {
            case DicomTokenKind.DatasetStart: BeginDataset(); break;
            case DicomTokenKind.ElementStart: BeginElement(token); break;
            case DicomTokenKind.Value: AddValue(token.Value); break;
            case DicomTokenKind.ElementEnd: EndElement(token); break;
            case DicomTokenKind.SequenceStart: BeginSequence(token.Tag); break;
            case DicomTokenKind.ItemStart: _signed.Push(IsSigned); _current.BeginItem(); break;
            case DicomTokenKind.ItemEnd: _signed.Pop(); _current.EndItem(); break;
            case DicomTokenKind.SequenceEnd: _depth--; _current.EndSequence(); break;
            case DicomTokenKind.FragmentsStart: BeginFragments(token); break;
            case DicomTokenKind.FragmentStart: _frames?.BeginFragment(token.Offset, token.Length); break;
            case DicomTokenKind.FragmentEnd: _frames?.EndFragment(); break;
            case DicomTokenKind.FragmentsEnd: EndPixels(); break;
        }
    }

    private bool IsSigned => _signed.TryPeek(out var signed) ? signed : Essentials.GetInt(DicomTags.PixelRepresentation) == 1;

    private void BeginDataset() => (Meta, _current, Attributes) = (_current, Attributes, Attributes);

    private void BeginSequence(DicomTag tag)
    {
        if (IsRoot) _current.BeginRoot(tag);
        _depth++;
        _current.BeginSequence(tag);
    }

    private void BeginElement(in DicomToken token)
    {
        if (IsRoot && token.Tag == DicomTags.ExtendedOffsetTable) _offsets = new List<byte>();
        var isPixels = IsRoot && (token.Tag == DicomTags.PixelData || token.Tag == DicomTags.FloatPixelData || token.Tag == DicomTags.DoubleFloatPixelData);
        if (isPixels && token.Length > 0)
        {
            BeginPixels(token);
            return;
        }

        // Lengths of groups are optional, and would be wrong.
        if (token.Tag.IsGroupLength) return;
        _element = _current;
        if (IsRoot) _current.BeginRoot(token.Tag);
        _current.BeginElement(token.Tag, VROf(token), token.Length);
    }

    private void AddValue(ReadOnlySpan<byte> value)
    {
        if (_inPixels)
        {
            _frames?.Add(value);
            _pieces?.Add(value);
            return;
        }

        _element?.WriteValue(value);
    }

    private void EndElement(in DicomToken token)
    {
        if (_inPixels)
        {
            EndPixels();
            return;
        }

        if (_element is null) return;
        _element = null;
        _current.EndElement(token.IsBigEndian);
        if (IsRoot) Note(token.Tag, VROf(token), _current.Value);
        else if (token.Tag == DicomTags.PixelRepresentation && _current.Value.Length >= 2 && _signed.Count > 0)
        {
            _signed.Pop();
            _signed.Push(_current.Value.Span[0] == 1);
        }

        _current.Pad();
    }

    private void Note(DicomTag tag, DicomVR vr, ReadOnlyMemory<byte> value)
    {
        if (tag == DicomTags.ExtendedOffsetTable) _offsets?.AddRange(value.Span);
        const int MaxNoted = 256;
        var isEssential = tag.Group == 0x0028 || tag == DicomTags.SOPClassUID || tag == DicomTags.SOPInstanceUID;
        if (isEssential && value.Length <= MaxNoted) Essentials.Set(new DicomElement(tag, vr, value.ToArray()));
    }

    private void BeginPixels(in DicomToken token)
    {
        (HasPixels, _inPixels) = (true, true);
        Pixels = (token.Tag, VROf(token), token.Length);
        if (target.IsEncapsulated && token.Tag != DicomTags.PixelData) throw NotPossible("its pixels are floating point numbers");
        var swapUnit = token.IsBigEndian ? SwapUnit(token) : 1;
        if (!target.IsEncapsulated)
        {
            _pieces = new PixelPieces(swapUnit, Ready);
            return;
        }

        var format = RequireFormat();
        if (format.NativeBytes > maxFrameBytes) throw MeshErrors.Limit("bytes of a decoded frame", maxFrameBytes);
        _frames = FrameAssembler.Native(format.NativeBytes, FrameFormats.CountOf(Essentials), swapUnit, Ready);
    }

    private void BeginFragments(in DicomToken token)
    {
        if (!IsRoot || token.Tag != DicomTags.PixelData) throw NotPossible("an image within it is compressed too");
        (HasPixels, _inPixels) = (true, true);
        Pixels = (token.Tag, DicomVR.OB, -1);
        RequireFormat();
        if (PixelCodings.Find(storedSyntax) is not { } coding) throw NotPossible("its pixels cannot be decoded");
        _frames = FrameAssembler.Encapsulated(FrameFormats.CountOf(Essentials), coding, _offsets?.ToArray() ?? [], maxFrameBytes, Ready);
    }

    private void EndPixels()
    {
        _inPixels = false;
        _frames?.End();
        _pieces?.End();
        _current = Trailer;
    }

    private FrameFormat RequireFormat()
    {
        if (FrameFormats.Of(Essentials) is not { IsConsistent: true } format) throw NotPossible("its pixel attributes are missing or contradict each other");
        return target.Suits(format, FrameFormats.IsOneBit(Essentials)) ? format : throw NotPossible($"{target.Syntax.Name} cannot hold such pixels");
    }

    private Grpc.Core.RpcException NotPossible(string why) =>
        TranscodeTarget.NotPossible(storedSyntax, why, FrameFormats.Of(Essentials), FrameFormats.IsOneBit(Essentials));

    /// <summary>Cells above 8 bits are swapped as cells, whatever the VR.</summary>
    private int SwapUnit(in DicomToken token)
    {
        var allocated = Essentials.GetInt(DicomTags.BitsAllocated) ?? 8;
        var unit = token.Tag == DicomTags.PixelData && allocated > 8 ? allocated / 8 : token.VR.UnitSize();
        return unit is 2 or 4 or 8 ? unit : 1;
    }

    /// <summary>Decides "US or SS" by the Pixel Representation, and the others as implicit VR prescribes (PS3.5 annex A.1).</summary>
    private DicomVR VROf(in DicomToken token)
    {
        if (!token.IsVRInferred || DicomDictionary.Find(token.Tag) is not { AlternativeVR: not DicomVR.None } entry) return token.VR;
        if (entry.AlternativeVR == DicomVR.OW) return DicomVR.OW;
        return entry.AlternativeVR == DicomVR.SS && IsSigned ? DicomVR.SS : token.VR;
    }
}
