using System.Buffers;
using System.Globalization;
using System.Text.Json;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Puts one DICOM JSON object together from attributes of stored objects, whose bytes are copied as they are, and from
/// attributes that the service knows itself. Reusable; not thread-safe.
/// </summary>
internal sealed class DicomJsonObject
{
    private readonly SortedDictionary<uint, ReadOnlyMemory<byte>> _attributes = [];
    private readonly ArrayBufferWriter<byte> _output = new(1024);

    /// <summary>Takes attributes of a stored object.</summary>
    /// <param name="json">A DICOM JSON object.</param>
    /// <param name="wanted">Which of its attributes; null for all.</param>
    public void Take(ReadOnlyMemory<byte> json, HashSet<DicomTag>? wanted)
    {
        Utf8JsonReader reader = new(json.Span, new JsonReaderOptions { MaxDepth = 1000 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isTag = uint.TryParse(reader.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint tag);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isTag && (wanted is null || wanted.Contains(new DicomTag(tag))))
            {
                _attributes[tag] = json[start..(int)reader.BytesConsumed];
            }
        }
    }

    /// <summary>Sets an attribute of one text; empty for no value.</summary>
    public void Set(DicomTag tag, DicomVR vr, string value) => SetRaw(tag, value.Length == 0
        ? $$"""{"vr":"{{vr.Name()}}"}"""
        : $$"""{"vr":"{{vr.Name()}}","Value":["{{JsonEncodedText.Encode(value)}}"]}""");

    /// <summary>Sets an attribute of one number.</summary>
    public void Set(DicomTag tag, DicomVR vr, long value) => SetRaw(tag, string.Create(CultureInfo.InvariantCulture, $$"""{"vr":"{{vr.Name()}}","Value":[{{value}}]}"""));

    /// <summary>Sets an attribute as it is written in DICOM JSON; not copied.</summary>
    public void Set(DicomTag tag, ReadOnlyMemory<byte> json) => _attributes[tag.Value] = json;

    /// <summary>Sets an attribute without a value unless it is there.</summary>
    public void Complete(params ReadOnlySpan<DicomTag> required)
    {
        foreach (DicomTag tag in required)
        {
            if (!_attributes.ContainsKey(tag.Value))
            {
                Set(tag, DicomDictionary.VROf(tag), "");
            }
        }
    }

    /// <summary>The object in UTF-8; this one is empty again.</summary>
    public byte[] ToBytes()
    {
        _output.ResetWrittenCount();
        byte before = (byte)'{';
        foreach ((uint tag, ReadOnlyMemory<byte> value) in _attributes)
        {
            Span<byte> head = _output.GetSpan(12);
            head[0] = before;
            head[1] = (byte)'"';
            tag.TryFormat(head[2..], out _, "X8", CultureInfo.InvariantCulture);
            head[10] = (byte)'"';
            head[11] = (byte)':';
            _output.Advance(12);
            _output.Write(value.Span);
            before = (byte)',';
        }

        _output.Write(_attributes.Count == 0 ? "{}"u8 : "}"u8);
        _attributes.Clear();
        return _output.WrittenSpan.ToArray();
    }

    private void SetRaw(DicomTag tag, string json) => _attributes[tag.Value] = System.Text.Encoding.UTF8.GetBytes(json);
}
