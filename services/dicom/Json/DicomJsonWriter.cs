using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace MedCloudCare.Dicom;

/// <summary>
/// DICOM JSON, PS3.18 annex F. Group 0002 and group lengths are left out. IS and DS that are no numbers, NaN, infinities and
/// 64-bit integers beyond 2^53 are strings, as §F.2.3 allows.
/// </summary>
public static class DicomJsonWriter
{
    private const long MaxExact = 1L << 53;

    /// <summary>Readable UTF-8; HTML-sensitive characters stay escaped.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All), MaxDepth = 1000 };

    public static byte[] ToArray(DicomDataset dataset)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        Write(dataset, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    public static void Write(DicomDataset dataset, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Options);
        Write(dataset, json);
    }

    public static void Write(DicomDataset dataset, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        Span<char> name = stackalloc char[8];
        foreach (var element in dataset)
        {
            if (element.Tag.IsFileMeta || element.Tag.IsGroupLength) continue;
            element.Tag.Value.TryFormat(name, out _, "X8", CultureInfo.InvariantCulture);
            json.WriteStartObject(name);
            json.WriteString("vr"u8, element.VR.Name());
            WriteContent(element, json);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteContent(DicomElement element, Utf8JsonWriter json)
    {
        if (element.Bulk is { } bulk) json.WriteString("BulkDataURI"u8, bulk.Uri);
        else if (element.VR == DicomVR.SQ) WriteItems(element, json);
        else if (element.Value.IsEmpty) return;
        else if (element.VR.IsBulk()) json.WriteBase64String("InlineBinary"u8, element.Value.Span);
        else if (element.VR.IsText()) WriteTexts(element, json);
        else WriteNumbers(element, json);
    }

    private static void WriteItems(DicomElement element, Utf8JsonWriter json)
    {
        if (element.Items.Count == 0) return;
        json.WriteStartArray("Value"u8);
        foreach (var item in element.Items) Write(item, json);
        json.WriteEndArray();
    }

    private static void WriteTexts(DicomElement element, Utf8JsonWriter json)
    {
        var values = element.Strings;
        if (values.All(x => x.Length == 0)) return;
        json.WriteStartArray("Value"u8);
        foreach (var value in values)
        {
            if (value.Length == 0) json.WriteNullValue();
            else if (element.VR == DicomVR.PN) WriteName(value, json);
            else if (element.VR == DicomVR.IS && IsInteger(value, out var integer)) json.WriteNumberValue(integer);
            else if (element.VR == DicomVR.DS && DicomValues.TryNumber(value, out var number)) json.WriteNumberValue(number);
            else json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static bool IsInteger(string value, out long integer) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out integer)
        && integer is >= -MaxExact and <= MaxExact;

    private static void WriteName(string value, Utf8JsonWriter json)
    {
        ReadOnlySpan<string> groups = ["Alphabetic", "Ideographic", "Phonetic"];
        var parts = value.Split('=', 3);
        json.WriteStartObject();
        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i].TrimEnd(' ');
            if (part.Length > 0) json.WriteString(groups[i], part);
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(DicomElement element, Utf8JsonWriter json)
    {
        var unit = element.VR == DicomVR.AT ? 4 : element.VR.UnitSize();
        var bytes = element.Value.Span;
        if (bytes.Length < unit) return;
        json.WriteStartArray("Value"u8);
        for (; bytes.Length >= unit; bytes = bytes[unit..]) WriteNumber(element.VR, bytes, json);
        json.WriteEndArray();
    }

    private static void WriteNumber(DicomVR vr, ReadOnlySpan<byte> bytes, Utf8JsonWriter json)
    {
        switch (vr)
        {
            case DicomVR.AT: json.WriteStringValue(DicomValues.ToTags(bytes[..4])[0]); break;
            case DicomVR.US: json.WriteNumberValue(BinaryPrimitives.ReadUInt16LittleEndian(bytes)); break;
            case DicomVR.SS: json.WriteNumberValue(BinaryPrimitives.ReadInt16LittleEndian(bytes)); break;
            case DicomVR.UL: json.WriteNumberValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes)); break;
            case DicomVR.SL: json.WriteNumberValue(BinaryPrimitives.ReadInt32LittleEndian(bytes)); break;
            case DicomVR.UV: WriteLarge(BinaryPrimitives.ReadUInt64LittleEndian(bytes), json); break;
            case DicomVR.SV: WriteLarge(BinaryPrimitives.ReadInt64LittleEndian(bytes), json); break;
            case DicomVR.FL: WriteFloat(BinaryPrimitives.ReadSingleLittleEndian(bytes), json); break;
            default: WriteFloat(BinaryPrimitives.ReadDoubleLittleEndian(bytes), json); break;
        }
    }

    private static void WriteLarge(Int128 value, Utf8JsonWriter json)
    {
        if (value >= -MaxExact && value <= MaxExact) json.WriteNumberValue((long)value);
        else json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    private static void WriteFloat(float value, Utf8JsonWriter json)
    {
        if (float.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    private static void WriteFloat(double value, Utf8JsonWriter json)
    {
        if (double.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }
}
