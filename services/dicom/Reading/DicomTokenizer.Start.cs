using System.Buffers.Binary;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>Preamble, meta group, and how the data set is encoded.</summary>
public sealed partial class DicomTokenizer
{
    private const int MagicEnd = Preamble.Length + 4;

    private readonly byte[] _syntax = new byte[64];
    private int _syntaxLength;
    private int _noted;
    private long _metaEnd = -1;
    private bool _rootImplicit;
    private bool _rootBigEndian;

    private bool ReadStart(ref ByteInput input, bool isFinal)
    {
        if (input.Peek(MagicEnd, out var head) && Preamble.IsPresent(head))
        {
            HasPreamble = true;
            Skip(ref input, MagicEnd);
            _phase = Phase.Meta;
            return true;
        }

        if (input.Available < MagicEnd && !isFinal) return false;
        if (!input.Peek(8, out head)) throw Fail(input.Available == 0 ? DicomError.Truncated : DicomError.NotDicom, "Too short for a DICOM file");
        if (head.StartsWith("DICM"u8))
        {
            Skip(ref input, 4);
            _phase = Phase.Meta;
            return true;
        }

        if (!LooksLikeElement(head)) throw Fail(DicomError.NotDicom, "Neither a preamble nor a data element");
        _phase = Phase.Meta;
        return true;
    }

    /// <summary>Reads the meta group up to the first element of another group (its declared length is often wrong).</summary>
    private bool ReadMeta(ref ByteInput input, bool isFinal)
    {
        var isDeflated = DeclaredSyntax() is { IsDeflated: true };
        if (!input.Peek(8, out var head))
        {
            // Only a deflated data set can be shorter than a header.
            var isOver = input.Available == 0 ? _position > MagicEnd && _position >= _metaEnd : isDeflated;
            return isFinal && isOver && EndMeta();
        }

        // Deflated bytes can look like group 0002, but not like a VR as well.
        var isMeta = BinaryPrimitives.ReadUInt16LittleEndian(head) == 2 && (!isDeflated || DicomVRExtensions.ParseVR(head[4], head[5]) != DicomVR.None);
        return isMeta ? ReadElement(ref input, head) : EndMeta();
    }

    private bool EndMeta()
    {
        DatasetOffset = _position;
        _phase = DeclaredSyntax() is { IsDeflated: true } ? Phase.Deflated : Phase.DatasetStart;
        return true;
    }

    /// <summary>Trusts the first element more than the declared syntax, as writers of mixed-up files expect.</summary>
    private bool ReadDatasetStart(ref ByteInput input, bool isFinal)
    {
        var declared = DeclaredSyntax();
        if (!input.Peek(8, out var head))
        {
            if (!isFinal || input.Available > 0) return false;
            head = "\x08\0\x05\0CS\0\0"u8;
        }

        var hasVR = DicomVRExtensions.ParseVR(head[4], head[5]) != DicomVR.None;
        _rootImplicit = declared switch
        {
            null => !hasVR,
            { IsExplicitVR: true } => !IsUpper(head[4], head[5]),
            _ => !hasVR || !IsKnown(head, bigEndian: false),
        };
        _rootBigEndian = !_rootImplicit && (declared?.IsBigEndian ?? (!IsKnown(head, bigEndian: false) && IsKnown(head, bigEndian: true)));

        TransferSyntaxUid = _syntaxLength > 0 ? Encoding.ASCII.GetString(_syntax, 0, _syntaxLength) : Guess().Uid;
        _phase = Phase.Dataset;
        Emit(DicomTokenKind.DatasetStart, offset: _position);
        return true;
    }

    private TransferSyntax Guess() => _rootImplicit
        ? TransferSyntax.ImplicitVRLittleEndian
        : _rootBigEndian ? TransferSyntax.ExplicitVRBigEndian : TransferSyntax.ExplicitVRLittleEndian;

    private TransferSyntax? DeclaredSyntax() => _syntaxLength == 0 ? null : TransferSyntax.Find(Encoding.ASCII.GetString(_syntax, 0, _syntaxLength));

    /// <summary>A file without preamble must start with an element of the standard that one can start with.</summary>
    private static bool LooksLikeElement(ReadOnlySpan<byte> head)
    {
        if (DicomVRExtensions.ParseVR(head[4], head[5]) != DicomVR.None) return IsKnown(head, false) || IsKnown(head, true);
        const uint ReasonableFirstLength = 1 << 16;
        return IsKnown(head, false) && BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) <= ReasonableFirstLength;
    }

    private static bool IsKnown(ReadOnlySpan<byte> head, bool bigEndian)
    {
        var tag = ReadTag(head, bigEndian);
        return tag.Group is > 0 and not 0xFFFE && (tag.IsGroupLength ? tag.Group <= 0x7FE0 && !tag.IsPrivate : DicomDictionary.Find(tag) is not null);
    }

    /// <summary>Notes what of the meta group governs the reading.</summary>
    private void NoteMeta(DicomTag tag, ReadOnlySpan<byte> value)
    {
        if (tag == DicomTags.TransferSyntaxUID)
        {
            // A longer value is no UID: the rest of it is dropped and no known syntax results.
            var length = Math.Min(value.Length, _syntax.Length - _noted);
            value[..length].CopyTo(_syntax.AsSpan(_noted));
            _noted += length;
            if (_valueLeft > 0) return;
            _syntaxLength = _syntax.AsSpan(0, _noted).TrimEnd("\0 "u8).Length;
            if (!DicomUid.IsValid(Encoding.ASCII.GetString(_syntax, 0, _syntaxLength))) _syntaxLength = 0;
        }
        else if (tag == DicomTags.FileMetaInformationGroupLength && _syntaxLength == 0 && _noted + value.Length <= 4)
        {
            value.CopyTo(_syntax.AsSpan(_noted));
            _noted += value.Length;
            if (_noted == 4 && _valueLeft == 0) _metaEnd = _position + BinaryPrimitives.ReadUInt32LittleEndian(_syntax);
        }
    }
}
