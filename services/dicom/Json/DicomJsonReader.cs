using System.Text;
using System.Text.Json;

namespace MedCloudCare.Dicom;

/// <summary>DICOM JSON into data sets, PS3.18 annex F. BulkDataURIs are kept as references of unknown place and length.</summary>
public static class DicomJsonReader
{
    /// <summary>Reads one data set, an object.</summary>
    /// <exception cref="DicomException"><see cref="DicomError.InvalidJson"/>.</exception>
    public static DicomDataset Read(ReadOnlySpan<byte> json, DicomReadOptions? options = null)
    {
        return Read(json, options, root => ReadDataset(root, ""));
    }

    /// <summary>Reads the array of data sets that a metadata request answers with.</summary>
    /// <exception cref="DicomException"><see cref="DicomError.InvalidJson"/>.</exception>
    public static IReadOnlyList<DicomDataset> ReadAll(ReadOnlySpan<byte> json, DicomReadOptions? options = null)
    {
        return Read<IReadOnlyList<DicomDataset>>(json, options, root => root.ValueKind == JsonValueKind.Array
            ? [.. root.EnumerateArray().Select(x => ReadDataset(x, ""))]
            : throw Invalid("An array of data sets is expected", ""));
    }

    private static T Read<T>(ReadOnlySpan<byte> json, DicomReadOptions? options, Func<JsonElement, T> read)
    {
        var depth = ((options ?? DicomReadOptions.Default).MaxDepth * 3) + 8;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = depth });
        try
        {
            using var document = JsonDocument.ParseValue(ref reader);
            if (reader.Read()) throw Invalid("Something follows the JSON", "");
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new DicomException(DicomError.InvalidJson, "The JSON is not well formed or too deep", inner: e);
        }
        catch (InvalidOperationException e)
        {
            // Text is looked at where it is taken, and is then found to be no Unicode: bytes that are no UTF-8, half a surrogate pair.
            throw new DicomException(DicomError.InvalidJson, "A text is not valid Unicode", inner: e);
        }
    }

    private static DicomDataset ReadDataset(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object) throw Invalid("A data set is an object", path);
        var dataset = new DicomDataset();
        foreach (var property in json.EnumerateObject())
        {
            if (property.Name.Length != 8 || !DicomTag.TryParse(property.Name, out var tag)) throw Invalid("A name is not a tag of eight hexadecimal digits", path);
            dataset.Append(ReadElement(tag, property.Value, path.Length == 0 ? tag.ToString() : $"{path}/{tag}"));
        }

        return dataset;
    }

    private static DicomElement ReadElement(DicomTag tag, JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object) throw Invalid("An attribute is an object", path);
        var vr = json.TryGetProperty("vr", out var name) && name.ValueKind == JsonValueKind.String
            ? DicomVRExtensions.ParseVR(name.GetString())
            : DicomDictionary.VROf(tag);
        if (vr == DicomVR.None) throw Invalid("The vr is unknown", path);

        if (json.TryGetProperty("BulkDataURI", out var uri) && uri.ValueKind == JsonValueKind.String)
        {
            return new DicomElement(tag, vr, new DicomBulkReference(-1, -1, uri.GetString()!));
        }

        if (json.TryGetProperty("InlineBinary", out var binary))
        {
            return binary.ValueKind == JsonValueKind.String && binary.TryGetBytesFromBase64(out var bytes)
                ? new DicomElement(tag, vr, bytes)
                : throw Invalid("InlineBinary is not base64", path);
        }

        if (!json.TryGetProperty("Value", out var values)) return vr == DicomVR.SQ ? new DicomElement(tag, []) : new DicomElement(tag, vr, ReadOnlyMemory<byte>.Empty);
        if (values.ValueKind != JsonValueKind.Array) throw Invalid("Value is an array", path);
        if (vr == DicomVR.SQ) return new DicomElement(tag, [.. values.EnumerateArray().Select((x, i) => ReadDataset(x, $"{path}/{i}"))]);
        if (vr.IsText()) return new DicomElement(tag, vr, DicomText.Encode(string.Join('\\', values.EnumerateArray().Select(x => ReadText(vr, x, path))), vr));
        if (vr.IsBulk()) throw Invalid("Binary values are InlineBinary or BulkDataURI", path);
        return new DicomElement(tag, vr, ReadNumbers(vr, values, path));
    }

    private static string ReadText(DicomVR vr, JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number when vr == DicomVR.DS && value.TryGetDouble(out var number) && double.IsFinite(number) => DicomValues.FormatDecimal(number),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Null => "",
        JsonValueKind.Object => ReadName(value),
        _ => throw Invalid("A value is neither text nor number", path),
    };

    private static string ReadName(JsonElement value)
    {
        string Group(string name) => value.TryGetProperty(name, out var x) && x.ValueKind == JsonValueKind.String ? x.GetString()! : "";
        return $"{Group("Alphabetic")}={Group("Ideographic")}={Group("Phonetic")}".TrimEnd('=');
    }

    private static byte[] ReadNumbers(DicomVR vr, JsonElement values, string path)
    {
        using var bytes = new MemoryStream();
        foreach (var value in values.EnumerateArray())
        {
            var text = value.ValueKind switch
            {
                JsonValueKind.Number => value.GetRawText(),
                JsonValueKind.String => value.GetString()!,
                JsonValueKind.Null => vr is DicomVR.FL or DicomVR.FD ? "NaN" : throw Invalid("A number is missing", path),
                _ => throw Invalid("A value is not a number", path),
            };
            bytes.Write(DicomValues.TryEncode(vr, text) ?? throw Invalid("A value is not a number of its VR", path));
        }

        return bytes.ToArray();
    }

    private static DicomException Invalid(string message, string path) => new(DicomError.InvalidJson, message, path: path);
}
