namespace MedCloudCare.Dicom;

/// <summary>Where a value too large for memory lies.</summary>
/// <param name="Offset">Bytes from the start of the file; of the inflated data set if that is deflated.</param>
/// <param name="Length">Bytes of the value as stored; for encapsulated pixel data all items from the offset table to before the delimiter.</param>
/// <param name="Uri">The BulkDataURI; see <see cref="BulkDataUri"/>.</param>
public readonly record struct DicomBulkReference(long Offset, long Length, string Uri);

/// <summary>One attribute in memory: a value of little-endian bytes, or the items of a sequence, or a reference to bulk data.</summary>
public sealed class DicomElement
{
    private readonly DicomCharacterSet _characterSet;

    /// <param name="value">Little-endian, unpadded or padded; text in <paramref name="characterSet"/> (UTF-8 if not given).</param>
    public DicomElement(DicomTag tag, DicomVR vr, ReadOnlyMemory<byte> value, DicomCharacterSet? characterSet = null)
    {
        (Tag, VR, Value) = (tag, vr, value);
        _characterSet = characterSet ?? DicomCharacterSet.Utf8;
    }

    public DicomElement(DicomTag tag, IReadOnlyList<DicomDataset> items)
    {
        (Tag, VR, Items) = (tag, DicomVR.SQ, items);
        _characterSet = DicomCharacterSet.Utf8;
    }

    public DicomElement(DicomTag tag, DicomVR vr, DicomBulkReference bulk)
    {
        (Tag, VR, Bulk) = (tag, vr, bulk);
        _characterSet = DicomCharacterSet.Utf8;
    }

    public DicomTag Tag { get; }

    public DicomVR VR { get; }

    /// <summary>Little-endian bytes as stored; empty for sequences and bulk data.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>The items of a sequence; empty for everything else.</summary>
    public IReadOnlyList<DicomDataset> Items { get; } = [];

    /// <summary>Set when the value was left in the file.</summary>
    public DicomBulkReference? Bulk { get; }

    public bool IsEmpty => Value.IsEmpty && Items.Count == 0 && Bulk is null;

    /// <summary>The whole text, trailing padding removed, backslashes kept. Empty for other than text.</summary>
    public string Text => VR.IsText() ? DicomText.Decode(Value.Span, VR, _characterSet) : "";

    /// <summary>The values as text, padding removed; numbers and tags are formatted. Empty when there is none.</summary>
    public IReadOnlyList<string> Strings => DicomValues.ToStrings(this);

    /// <summary>The values as numbers: binary numbers, IS and DS. A text that is no number is NaN.</summary>
    public IReadOnlyList<double> Numbers => DicomValues.ToNumbers(this);
}
