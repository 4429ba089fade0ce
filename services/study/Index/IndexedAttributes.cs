using System.Buffers;
using System.Text.Json;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Writes attributes of the index as DICOM JSON, so that the usual answer about a study needs no sealed row. Reusable; not
/// thread-safe: what it gives to an answer holds until the next one.
/// </summary>
internal sealed class IndexedAttributes
{
    private static readonly JsonEncodedText VR = JsonEncodedText.Encode("vr"), Value = JsonEncodedText.Encode("Value");

    // Component groups of names, PS3.18 annex F.2.2.
    private static readonly JsonEncodedText[] Groups =
        [JsonEncodedText.Encode("Alphabetic"), JsonEncodedText.Encode("Ideographic"), JsonEncodedText.Encode("Phonetic")];

    private static readonly JsonEncodedText[] Representations =
        [.. Enumerable.Range(0, StudyFields.Count).Select(f => JsonEncodedText.Encode(StudyFields.VROf((StudyField)f).Name()))];

    private readonly ArrayBufferWriter<byte> _output = new(2048);
    private Utf8JsonWriter? _json;

    /// <summary>Adds the attributes of a study that are asked for and have a value.</summary>
    /// <param name="answer">Takes them.</param>
    /// <param name="study">A plain record: one whose texts are all there is to know.</param>
    /// <param name="wanted">Which.</param>
    public void AddTo(DicomJsonObject answer, StudyRecord study, HashSet<DicomTag> wanted)
    {
        _output.ResetWrittenCount();
        Utf8JsonWriter json = _json ??= new Utf8JsonWriter(_output, DicomJsonWriter.Options);
        for (StudyField field = 0; (int)field < StudyFields.Count; field++)
        {
            ReadOnlySpan<byte> text = study[field];
            DicomTag tag = StudyFields.TagOf(field);
            if (text.IsEmpty || !wanted.Contains(tag))
            {
                continue;
            }

            int start = _output.WrittenCount;
            json.Reset();
            Write(json, field, text);
            json.Flush();
            answer.Set(tag, _output.WrittenMemory[start..]);
        }
    }

    private static void Write(Utf8JsonWriter json, StudyField field, ReadOnlySpan<byte> text)
    {
        json.WriteStartObject();
        json.WriteString(VR, Representations[(int)field]);
        json.WriteStartArray(Value);
        foreach (Range range in text.Split((byte)'\\'))
        {
            if (StudyFields.VROf(field) == DicomVR.PN)
            {
                WriteName(json, text[range]);
            }
            else
            {
                json.WriteStringValue(text[range]);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteName(Utf8JsonWriter json, ReadOnlySpan<byte> name)
    {
        json.WriteStartObject();
        int group = 0;
        foreach (Range range in name.Split((byte)'='))
        {
            if (!name[range].IsEmpty)
            {
                json.WriteString(Groups[group], name[range]);
            }

            group++;
        }

        json.WriteEndObject();
    }
}
