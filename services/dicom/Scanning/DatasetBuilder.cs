using System.Buffers.Binary;

namespace MedCloudCare.Dicom;

/// <summary>Makes data sets of tokens. Keeps small values, notes where large ones lie and where pixel data is divided.</summary>
internal sealed class DatasetBuilder(DicomReadOptions options) : IDicomTokenSink
{
    private readonly Stack<Level> _levels = new([new Level(new DicomDataset(), default, DicomCharacterSet.Default, isSigned: false)]);
    private readonly ValueArena _arena = new(options.MaxMetadataBytes);
    private readonly List<DicomBulkData> _bulk = [];
    private Memory<byte> _value;
    private int _filled;
    private bool _isKept;
    private long _fragmentsOffset;
    private DicomVR _fragmentsVR;

    public DicomDataset Meta { get; private set; } = new();

    public DicomDataset Root { get; private set; } = new();

    public IReadOnlyList<DicomBulkData> Bulk => _bulk;

    public PixelDataMap Pixels { get; } = new(options);

    /// <summary>The file is complete.</summary>
    public void Finish() => _levels.Peek().Finish();

    public void OnToken(in DicomToken token)
    {
        switch (token.Kind)
        {
            case DicomTokenKind.DatasetStart: BeginDataset(); break;
            case DicomTokenKind.ElementStart: BeginElement(token); break;
            case DicomTokenKind.Value: AddValue(token); break;
            case DicomTokenKind.ElementEnd: EndElement(token); break;
            case DicomTokenKind.SequenceStart: _levels.Peek().Open(token.Tag); break;
            case DicomTokenKind.ItemStart: BeginItem(); break;
            case DicomTokenKind.ItemEnd: _levels.Pop().Finish(); break;
            case DicomTokenKind.SequenceEnd: _levels.Peek().Close(); break;
            case DicomTokenKind.FragmentsStart: BeginFragments(token); break;
            case DicomTokenKind.FragmentStart: Pixels.BeginFragment(token.Offset, token.Length); break;
            case DicomTokenKind.FragmentEnd: Pixels.EndFragment(); break;
            case DicomTokenKind.FragmentsEnd: EndFragments(token); break;
        }
    }

    private void BeginDataset()
    {
        Meta = _levels.Pop().Dataset;
        Root = new DicomDataset();
        _levels.Push(new Level(Root, default, DicomCharacterSet.Default, isSigned: false));
    }

    private void BeginItem()
    {
        var parent = _levels.Peek();
        var item = new DicomDataset();
        parent.Items!.Add(item);
        _levels.Push(new Level(item, parent, parent.CharacterSet, parent.IsSigned));
    }

    private void BeginElement(in DicomToken token)
    {
        (_value, _filled) = (default, 0);
        if (_levels.Count == 1) Pixels.BeginElement(token);
        _isKept = token.Length <= Threshold(token.Tag, token.VR);
        if (_isKept)
        {
            _value = _arena.Take((int)token.Length);
            return;
        }

        AddBulk(token.Tag, VROf(token), token.Offset, token.Length);
    }

    private long Threshold(DicomTag tag, DicomVR vr)
    {
        if (PixelDataMap.IsPixelData(tag)) return 0;
        return vr.IsBulk() ? options.BulkDataThreshold : options.MaxInlineValue;
    }

    private void AddValue(in DicomToken token)
    {
        if (_isKept)
        {
            token.Value.CopyTo(_value.Span[_filled..]);
            _filled += token.Value.Length;
        }

        Pixels.AddValue(token.Value);
    }

    private void EndElement(in DicomToken token)
    {
        Pixels.EndElement();
        if (!_isKept) return;
        _isKept = false;
        if (token.IsBigEndian) SwapBytes(_value.Span, token.VR.UnitSize());

        var level = _levels.Peek();
        var vr = VROf(token);
        level.Dataset.Append(new DicomElement(token.Tag, vr, _value, level.CharacterSet));
        level.Note(token.Tag, vr, _value);
    }

    /// <summary>Decides "US or SS" by the Pixel Representation, and the others as implicit VR prescribes (PS3.5 annex A.1).</summary>
    private DicomVR VROf(in DicomToken token)
    {
        if (!token.IsVRInferred || DicomDictionary.Find(token.Tag) is not { AlternativeVR: not DicomVR.None } entry) return token.VR;
        if (entry.AlternativeVR == DicomVR.OW) return DicomVR.OW;
        return entry.AlternativeVR == DicomVR.SS && _levels.Peek().IsSigned ? DicomVR.SS : token.VR;
    }

    private void BeginFragments(in DicomToken token)
    {
        (_fragmentsOffset, _fragmentsVR) = (token.Offset, token.IsVRInferred ? DicomVR.OB : token.VR);
        _isKept = false;
        Pixels.BeginFragments(token.Tag, isRoot: _levels.Count == 1);
    }

    private void EndFragments(in DicomToken token)
    {
        Pixels.EndFragments();
        AddBulk(token.Tag, _fragmentsVR, _fragmentsOffset, token.Offset - _fragmentsOffset);
    }

    private void AddBulk(DicomTag tag, DicomVR vr, long offset, long length)
    {
        var level = _levels.Peek();
        var path = level.Path + tag;
        _bulk.Add(new DicomBulkData(path, vr, offset, length));
        level.Dataset.Append(new DicomElement(tag, vr, new DicomBulkReference(offset, length, BulkDataUri.Of(path))));
    }

    private static void SwapBytes(Span<byte> value, int unit)
    {
        if (unit == 1) return;
        for (; value.Length >= unit; value = value[unit..]) value[..unit].Reverse();
    }

    /// <summary>A data set that is being filled.</summary>
    private sealed class Level(DicomDataset dataset, Level? parent, DicomCharacterSet characterSet, bool isSigned)
    {
        private DicomTag _sequence;
        private bool _hasText;
        private bool _isDeclaredLate;

        public DicomDataset Dataset => dataset;

        public List<DicomDataset>? Items { get; private set; }

        public DicomCharacterSet CharacterSet { get; private set; } = characterSet;

        /// <summary>Pixel Representation (0028,0103), which items inherit.</summary>
        public bool IsSigned { get; private set; } = isSigned;

        /// <summary>"00081140/0/" within an item, empty at the root.</summary>
        public string Path => parent is null ? "" : $"{parent.Path}{parent._sequence}/{parent.Items!.Count - 1}/";

        public void Open(DicomTag tag) => (_sequence, Items) = (tag, []);

        public void Close()
        {
            dataset.Append(new DicomElement(_sequence, Items!));
            _hasText |= Items!.Count > 0;
            Items = null;
        }

        public void Note(DicomTag tag, DicomVR vr, ReadOnlyMemory<byte> value)
        {
            if (tag == DicomTags.SpecificCharacterSet)
            {
                CharacterSet = DicomCharacterSet.Of(new DicomElement(tag, vr, value).Strings);
                _isDeclaredLate |= _hasText;
            }
            else if (tag == DicomTags.PixelRepresentation && value.Length >= 2)
            {
                IsSigned = BinaryPrimitives.ReadUInt16LittleEndian(value.Span) == 1;
            }

            _hasText |= vr.UsesCharacterSet();
        }

        /// <summary>A character set applies to the whole data set, also where it comes late (elements out of order).</summary>
        public void Finish()
        {
            if (_isDeclaredLate) dataset.Recode(CharacterSet);
        }
    }
}
