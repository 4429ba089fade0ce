using System.Globalization;
using System.Text.Json;

namespace MedCloudCare.Dicom.Tests;

/// <summary>
/// Compares two DICOM JSON data sets by meaning, every attribute: the notation of numbers and ways to say "empty" apart.
/// </summary>
/// <param name="readBulk">Gives the bytes that a BulkDataURI of ours stands for, in the byte order of the file.</param>
/// <param name="isBigEndian">Of the file: DICOM JSON is little endian (PS3.18 §F.2.7), where pydicom gives words as they stand.</param>
internal sealed class JsonComparison(Func<string, byte[]> readBulk, bool isBigEndian = false)
{
    public List<string> Differences { get; } = [];

    public void Compare(JsonElement ours, JsonElement reference, string path = "")
    {
        var names = ours.EnumerateObject().Concat(reference.EnumerateObject()).Select(x => x.Name).Distinct();
        foreach (var name in names)
        {
            if (!ours.TryGetProperty(name, out var a)) Differences.Add($"{path}{name}: only pydicom has it");
            else if (!reference.TryGetProperty(name, out var b)) Differences.Add($"{path}{name}: only we have it");
            else CompareElement(a, b, path + name);
        }
    }

    private void CompareElement(JsonElement ours, JsonElement reference, string path)
    {
        var (vr, expected) = (ours.GetProperty("vr").GetString()!, reference.GetProperty("vr").GetString()!);
        if (vr != expected)
        {
            Differences.Add($"{path}: VR {vr}, pydicom {expected}");
            return;
        }

        if (vr == "SQ")
        {
            var (a, b) = (Items(ours), Items(reference));
            if (a.Count != b.Count) Differences.Add($"{path}: {a.Count} items, pydicom {b.Count}");
            else for (var i = 0; i < a.Count; i++) Compare(a[i], b[i], $"{path}/{i}/");
            return;
        }

        var (x, y) = (Values(ours, vr), Values(reference, vr));
        if (isBigEndian && ours.TryGetProperty("InlineBinary", out _)) y = Swap(y, vr);
        if (x != y) Differences.Add($"{path} {vr}: [{Shorten(x)}], pydicom [{Shorten(y)}]");
    }

    private static List<JsonElement> Items(JsonElement element) =>
        element.TryGetProperty("Value", out var value) ? [.. value.EnumerateArray()] : [];

    private string Values(JsonElement element, string vr)
    {
        if (element.TryGetProperty("BulkDataURI", out var uri)) return Convert.ToHexString(readBulk(uri.GetString()!));
        if (element.TryGetProperty("InlineBinary", out var binary)) return Convert.ToHexString(binary.GetBytesFromBase64());
        return string.Join('\\', Items(element).Select(x => Value(x, vr)));
    }

    private static string Swap(string hex, string vr)
    {
        var bytes = Convert.FromHexString(hex);
        var unit = DicomVRExtensions.ParseVR(vr).UnitSize();
        for (var at = 0; at + unit <= bytes.Length; at += unit) bytes.AsSpan(at, unit).Reverse();
        return Convert.ToHexString(bytes);
    }

    private static string Value(JsonElement value, string vr) => value.ValueKind switch
    {
        JsonValueKind.Number when vr == "FL" => ((float)value.GetDouble()).ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.Number when vr is "UV" or "SV" => value.GetRawText(),
        JsonValueKind.Number => value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.Object => Name(value),
        JsonValueKind.Null => "",
        _ => value.GetString()!,
    };

    private static string Name(JsonElement value)
    {
        string Group(string name) => value.TryGetProperty(name, out var x) ? x.GetString()! : "";
        return $"{Group("Alphabetic")}={Group("Ideographic")}={Group("Phonetic")}".TrimEnd('=');
    }

    private static string Shorten(string text) => text.Length > 80 ? $"{text[..80]}… ({text.Length})" : text;
}
