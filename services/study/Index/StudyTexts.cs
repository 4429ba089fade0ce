using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Takes the texts of the index out of the DICOM JSON of a study's attributes, without making a data set of it: a million
/// studies are read when an owner's partition is loaded. Reusable; not thread-safe.
/// </summary>
internal sealed class StudyTexts
{
    /// <summary>Bytes of UTF-8 that the index holds of a field. What is longer is found by its beginning only.</summary>
    public const int MaxBytes = 1024;

    private readonly (int Start, int Length)[] _fields = new (int, int)[StudyFields.Count];
    private byte[] _text = new byte[2048];
    private int _used;

    /// <summary>
    /// The attributes can be written again from the texts exactly: their value representations are those of the standard and
    /// nothing was cut or is there without a value that would not be there otherwise.
    /// </summary>
    public bool IsPlain { get; private set; }

    /// <summary>A field in UTF-8; several values are separated by backslashes, groups of names by equals signs.</summary>
    public ReadOnlySpan<byte> this[StudyField field] => _text.AsSpan(_fields[(int)field].Start, _fields[(int)field].Length);

    /// <summary>Reads.</summary>
    /// <param name="studyInstanceUid">What the row says; it holds whatever the attributes say.</param>
    /// <param name="json">DICOM JSON.</param>
    /// <exception cref="DicomException"><see cref="DicomError.InvalidJson"/>.</exception>
    public void Read(string studyInstanceUid, ReadOnlySpan<byte> json)
    {
        IsPlain = true;
        _used = 0;
        Array.Clear(_fields);
        int needed = json.Length + (3 * studyInstanceUid.Length);
        if (_text.Length < needed)
        {
            _text = new byte[needed];
        }

        try
        {
            if (!TryRead(json))
            {
                ReadDataset(json);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DicomException(DicomError.InvalidJson, "The JSON is not well formed, or a text no Unicode", inner: e);
        }

        Set(StudyField.StudyInstanceUid, _used, Encoding.UTF8.GetBytes(studyInstanceUid, _text.AsSpan(_used)));
    }

    private bool TryRead(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 1000 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            StudyField field = default;
            bool isHeld = Utf8Parser.TryParse(reader.ValueSpan, out uint tag, out int digits, 'X') && digits == 8
                && StudyFields.TryGet(new DicomTag(tag), out field) && field != StudyField.StudyInstanceUid;
            reader.Read();
            if (!isHeld)
            {
                reader.Skip();
            }
            else if (!TryReadElement(ref reader, field))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryReadElement(ref Utf8JsonReader reader, StudyField field)
    {
        int start = _used;
        bool hasVR = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isVR = reader.ValueTextEquals("vr"u8);
            bool isValue = reader.ValueTextEquals("Value"u8);
            reader.Read();
            if (isVR && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(StudyFields.VROf(field).Name()))
            {
                hasVR = true;
            }
            else if (!isValue || !TryReadValues(ref reader))
            {
                return false;
            }
        }

        Set(field, start, _used - start);
        IsPlain &= _used > start || IsAnsweredEmpty(field);
        return hasVR && reader.TokenType == JsonTokenType.EndObject;
    }

    private bool TryReadValues(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        bool isFirst = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!isFirst)
            {
                _text[_used++] = (byte)'\\';
            }

            isFirst = false;
            bool isRead = reader.TokenType == JsonTokenType.StartObject ? TryReadName(ref reader) : TryTake(ref reader, (byte)'\\', (byte)'\\');
            if (!isRead)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Component groups of a name, which are written in the order of the standard.</summary>
    private bool TryReadName(ref Utf8JsonReader reader)
    {
        int group = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int next = reader.ValueTextEquals("Alphabetic"u8) ? 0 : reader.ValueTextEquals("Ideographic"u8) ? 1 : reader.ValueTextEquals("Phonetic"u8) ? 2 : -1;
            for (; group < next; group++)
            {
                _text[_used++] = (byte)'=';
            }

            reader.Read();
            if (next < group || !TryTake(ref reader, (byte)'\\', (byte)'='))
            {
                return false;
            }
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>Takes a string that does not hold what divides values.</summary>
    private bool TryTake(ref Utf8JsonReader reader, byte divider, byte other)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return false;
        }

        int length = reader.CopyString(_text.AsSpan(_used));
        bool isDivided = length == 0 || _text.AsSpan(_used, length).IndexOfAny(divider, other) >= 0;
        _used += length;
        return !isDivided;
    }

    /// <summary>What is unusual is read as every other part of the service reads it.</summary>
    private void ReadDataset(ReadOnlySpan<byte> json)
    {
        IsPlain = false;
        _used = 0;
        Array.Clear(_fields);
        DicomDataset attributes = DicomDataset.FromJson(json);
        for (int i = 1; i < StudyFields.Count; i++)
        {
            string value = attributes.Find(StudyFields.TagOf((StudyField)i))?.Text ?? "";
            int length = Encoding.UTF8.GetByteCount(value);
            if (_text.Length < _used + length + 256)
            {
                Array.Resize(ref _text, _used + length + 2048);
            }

            Set((StudyField)i, _used, Encoding.UTF8.GetBytes(value, _text.AsSpan(_used)));
            _used += length;
        }
    }

    private void Set(StudyField field, int start, int length)
    {
        if (length > MaxBytes)
        {
            IsPlain = false;
            length = MaxBytes;
            while ((_text[start + length] & 0xC0) == 0x80)
            {
                length--;
            }
        }

        _fields[(int)field] = (start, length);
    }

    private static bool IsAnsweredEmpty(StudyField field) => Array.IndexOf(RequiredAttributes.AlwaysOfStudy, StudyFields.TagOf(field)) >= 0;
}
