using System.Buffers.Binary;
using System.Text;

namespace MedCloudCare.Studies;

/// <summary>
/// A study as the index knows it: the texts that are searched, in UTF-8 and one array, and what lists show. Immutable; a few
/// hundred bytes.
/// </summary>
internal sealed class StudyRecord
{
    private const int Head = 2 * StudyFields.Count;

    [ThreadStatic]
    private static StudyTexts? _texts;

    // Ends of the fields (2 bytes each), then the fields.
    private readonly byte[] _text;

    /// <summary>Takes over texts packed by <see cref="TextPacker"/>.</summary>
    public StudyRecord(byte[] text) => _text = text;

    public required Guid Id { get; init; }

    public required Guid Owner { get; init; }

    public required int SeriesCount { get; init; }

    public required int InstanceCount { get; init; }

    public required long SizeBytes { get; init; }

    public required DateTime CreateTime { get; init; }

    public required DateTime UpdateTime { get; init; }

    /// <summary>Study date and time as YYYYMMDDHHMMSS; 0 without a date.</summary>
    public required long Moment { get; init; }

    /// <inheritdoc cref="StudyTexts.IsPlain"/>
    public required bool IsPlain { get; init; }

    /// <summary>A record of a row of the database.</summary>
    /// <param name="row">The columns that are not sealed.</param>
    /// <param name="attributes">DICOM JSON.</param>
    /// <exception cref="Dicom.DicomException"><see cref="Dicom.DicomError.InvalidJson"/>.</exception>
    public static StudyRecord Of(StudyRow row, ReadOnlySpan<byte> attributes)
    {
        StudyTexts texts = _texts ??= new StudyTexts();
        texts.Read(row.StudyInstanceUid, attributes);
        int length = 0;
        for (int i = 0; i < StudyFields.Count; i++)
        {
            length += texts[(StudyField)i].Length;
        }

        TextPacker packer = new(length);
        for (int i = 0; i < StudyFields.Count; i++)
        {
            packer.Add(texts[(StudyField)i]);
        }

        return new StudyRecord(packer.Text)
        {
            Id = row.Id,
            Owner = row.Owner,
            SeriesCount = row.SeriesCount,
            InstanceCount = row.InstanceCount,
            SizeBytes = row.SizeBytes,
            CreateTime = row.CreateTime,
            UpdateTime = row.UpdateTime,
            Moment = MomentOf(texts[StudyField.StudyDate], texts[StudyField.StudyTime]),
            IsPlain = texts.IsPlain,
        };
    }

    /// <summary>A field in UTF-8; several values are separated by backslashes.</summary>
    public ReadOnlySpan<byte> this[StudyField field]
    {
        get
        {
            int start = field == 0 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(_text.AsSpan(2 * ((int)field - 1)));
            int end = BinaryPrimitives.ReadUInt16LittleEndian(_text.AsSpan(2 * (int)field));
            return _text.AsSpan(Head + start, end - start);
        }
    }

    /// <summary>A field as text.</summary>
    public string Text(StudyField field) => Encoding.UTF8.GetString(this[field]);

    /// <summary>Whether a field matches.</summary>
    public bool Matches(StudyField field, ValueMatcher matcher) => matcher.MatchesUtf8(this[field]);

    private static long MomentOf(ReadOnlySpan<byte> date, ReadOnlySpan<byte> time) =>
        date.IsEmpty ? 0 : (Digits(date, 8) * 1_000_000) + Digits(time, 6);

    private static long Digits(ReadOnlySpan<byte> text, int count)
    {
        long number = 0;
        int taken = 0;
        foreach (byte c in text)
        {
            if (c is >= (byte)'0' and <= (byte)'9' && taken < count)
            {
                number = (number * 10) + (c - '0');
                taken++;
            }
            else if (c is not ((byte)'.' or (byte)':'))
            {
                break;
            }
        }

        for (; taken < count; taken++)
        {
            number *= 10;
        }

        return number;
    }

    /// <summary>Packs the texts of a record.</summary>
    internal ref struct TextPacker(int length)
    {
        private int _fields;
        private int _used;

        public byte[] Text { get; } = new byte[Head + length];

        /// <summary>The next field.</summary>
        public void Add(ReadOnlySpan<byte> text)
        {
            text.CopyTo(Text.AsSpan(Head + _used));
            _used += text.Length;
            BinaryPrimitives.WriteUInt16LittleEndian(Text.AsSpan(2 * _fields++), (ushort)_used);
        }
    }
}

/// <summary>The columns of a study that are not sealed.</summary>
internal sealed record StudyRow(
    Guid Id, Guid Owner, string StudyInstanceUid, int SeriesCount, int InstanceCount, long SizeBytes, long Change, DateTime CreateTime, DateTime UpdateTime);
