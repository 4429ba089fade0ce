using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>The attributes of a study that the index holds.</summary>
internal enum StudyField : byte
{
    StudyInstanceUid, PatientName, PatientId, PatientBirthDate, PatientSex, StudyDate, StudyTime, AccessionNumber,
    StudyDescription, ReferringPhysicianName, StudyId, ModalitiesInStudy,
}

/// <summary>
/// A study in the index: the texts that are searched, in UTF-8 and one array, and what lists show. Immutable; a few hundred
/// bytes.
/// </summary>
internal sealed class StudyRecord
{
    private const int Fields = 12;
    private const int MaxText = 60_000;

    private static readonly DicomTag[] Tags =
    [
        DicomTags.StudyInstanceUID, DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.StudyDescription,
        DicomTags.ReferringPhysicianName, DicomTags.StudyID, DicomTags.ModalitiesInStudy,
    ];

    // Ends of the fields (2 bytes each), then the fields.
    private readonly byte[] _text;

    private StudyRecord(byte[] text) => _text = text;

    public required Guid Id { get; init; }

    public required Guid Owner { get; init; }

    public required long Change { get; init; }

    public required int SeriesCount { get; init; }

    public required int InstanceCount { get; init; }

    public required long SizeBytes { get; init; }

    public required DateTime CreateTime { get; init; }

    public required DateTime UpdateTime { get; init; }

    /// <summary>Study date and time as YYYYMMDDHHMMSS; 0 without a date.</summary>
    public long Moment { get; private init; }

    /// <summary>The field of an attribute; false if the index does not hold it.</summary>
    public static bool TryGetField(DicomTag tag, out StudyField field)
    {
        int index = Array.IndexOf(Tags, tag);
        field = (StudyField)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>The attribute of a field.</summary>
    public static DicomTag TagOf(StudyField field) => Tags[(int)field];

    /// <summary>A record of a row of the database.</summary>
    public static StudyRecord Of(StudyRow row, DicomDataset attributes)
    {
        ArrayBufferWriter<byte> text = new(256);
        Span<byte> ends = stackalloc byte[2 * Fields];
        for (int i = 0; i < Fields; i++)
        {
            string value = i == 0 ? row.StudyInstanceUid : attributes.Find(Tags[i])?.Text ?? "";

            Append(text, value);
            BinaryPrimitives.WriteUInt16LittleEndian(ends[(2 * i)..], (ushort)text.WrittenCount);
        }

        return new StudyRecord([.. ends, .. text.WrittenSpan])
        {
            Id = row.Id,
            Owner = row.Owner,
            Change = row.Change,
            SeriesCount = row.SeriesCount,
            InstanceCount = row.InstanceCount,
            SizeBytes = row.SizeBytes,
            CreateTime = row.CreateTime,
            UpdateTime = row.UpdateTime,
            Moment = MomentOf(attributes.GetString(DicomTags.StudyDate), attributes.GetString(DicomTags.StudyTime)),
        };
    }

    /// <summary>A field in UTF-8; several values are separated by backslashes.</summary>
    public ReadOnlySpan<byte> this[StudyField field]
    {
        get
        {
            int start = field == 0 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(_text.AsSpan(2 * ((int)field - 1)));
            int end = BinaryPrimitives.ReadUInt16LittleEndian(_text.AsSpan(2 * (int)field));
            return _text.AsSpan((2 * Fields) + start, end - start);
        }
    }

    /// <summary>A field as text.</summary>
    public string Text(StudyField field) => Encoding.UTF8.GetString(this[field]);

    /// <summary>Whether a field matches.</summary>
    public bool Matches(StudyField field, ValueMatcher matcher)
    {
        ReadOnlySpan<byte> value = this[field];
        if (value.Length > 512)
        {
            return matcher.Matches(Encoding.UTF8.GetString(value));
        }

        Span<char> chars = stackalloc char[512];
        return matcher.Matches(chars[..Encoding.UTF8.GetChars(value, chars)]);
    }

    private static void Append(ArrayBufferWriter<byte> text, string value)
    {
        // Ends are 16 bits: an absurdly long value is found by its beginning only.
        int room = Math.Max(0, MaxText - text.WrittenCount);
        Span<byte> target = text.GetSpan(Math.Max(1, Encoding.UTF8.GetMaxByteCount(value.Length)));
        Encoding.UTF8.GetEncoder().Convert(value, target[..Math.Min(room, target.Length)], flush: true, out _, out int used, out _);
        text.Advance(used);
    }

    private static long MomentOf(string? date, string? time)
    {
        long Digits(string? text, int count)
        {
            long number = 0;
            int taken = 0;
            foreach (char c in text ?? "")
            {
                if (char.IsAsciiDigit(c) && taken < count)
                {
                    number = (number * 10) + (c - '0');
                    taken++;
                }
                else if (c is not ('.' or ':'))
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

        return string.IsNullOrEmpty(date) ? 0 : (Digits(date, 8) * 1_000_000) + Digits(time, 6);
    }
}

/// <summary>The columns of a study that are not sealed.</summary>
internal sealed record StudyRow(
    Guid Id, Guid Owner, string StudyInstanceUid, int SeriesCount, int InstanceCount, long SizeBytes, long Change, DateTime CreateTime, DateTime UpdateTime);
