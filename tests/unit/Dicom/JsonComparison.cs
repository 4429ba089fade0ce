using System.Globalization;
using System.Text.Json;

namespace MedCloudCare.Dicom.Tests;

/// <summary>Compares two DICOM JSON data sets by meaning: padding, number notation and ways to say "empty" apart.</summary>
internal sealed class JsonComparison(Func<string, byte[]> readBulk)
{
    public List<string> Differences { get; } = [];

    public void Compare(JsonElement ours, JsonElement reference, string path = "")
    {
        var names = ours.EnumerateObject().Concat(reference.EnumerateObject()).Select(x => x.Name).Distinct();
        foreach (var name in names)
        {
            if (!ours.TryGetProperty(name, out var a)) Differences.Add($"{path}{name}: only pydicom has it");
            else if (!reference.TryGetProperty(name, out var b)) Differences.Add($"{path}{name}: only we have it");
            else if (!b.TryGetProperty("error", out _)) CompareElement(a, b, path + name);
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
        if (x != y) Differences.Add($"{path} {vr}: [{Shorten(x)}], pydicom [{Shorten(y)}]");
    }

    private static List<JsonElement> Items(JsonElement element) =>
        element.TryGetProperty("Value", out var value) ? [.. value.EnumerateArray()] : [];

    private string Values(JsonElement element, string vr)
    {
        if (element.TryGetProperty("BulkDataURI", out var uri)) return Convert.ToHexString(readBulk(uri.GetString()!));
        if (element.TryGetProperty("InlineBinary", out var binary)) return Convert.ToHexString(binary.GetBytesFromBase64());
        return string.Join('\\', Items(element).Select(x => Value(x, vr))).TrimEnd('\\');
    }

    private static string Value(JsonElement value, string vr) => value.ValueKind switch
    {
        JsonValueKind.Number when vr == "FL" => ((float)value.GetDouble()).ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.Number when vr is "UV" or "SV" => value.GetRawText(),
        JsonValueKind.Number => value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.Object => Name(value),
        JsonValueKind.Null => "",
        _ => value.GetString()!.Trim(' ', '\0'),
    };

    private static string Name(JsonElement value)
    {
        string Group(string name) => value.TryGetProperty(name, out var x) ? x.GetString()!.TrimEnd(' ') : "";
        return $"{Group("Alphabetic")}={Group("Ideographic")}={Group("Phonetic")}".TrimEnd('=');
    }

    private static string Shorten(string text) => text.Length > 80 ? $"{text[..80]}… ({text.Length})" : text;
}
