using System.Text.Json;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>The bulk data that metadata refer to.</summary>
internal static class BulkData
{
    /// <summary>URIs and VRs, those within sequences included.</summary>
    public static IEnumerable<(string Uri, string Vr)> Of(JsonElement dataset)
    {
        foreach (var element in dataset.EnumerateObject().Select(p => p.Value))
        {
            var vr = element.GetProperty("vr").GetString()!;
            if (element.TryGetProperty("BulkDataURI", out var uri))
            {
                yield return (uri.GetString()!, vr);
            }
            else if (vr == "SQ" && element.TryGetProperty("Value", out var items))
            {
                foreach (var bulk in items.EnumerateArray().SelectMany(Of))
                {
                    yield return bulk;
                }
            }
        }
    }

    /// <summary>The value as it stands in a big endian file, of the little endian one that is served.</summary>
    public static byte[] ToBigEndian(byte[] value, string vr)
    {
        var unit = vr switch { "OW" => 2, "OL" or "OF" => 4, "OD" or "OV" => 8, _ => 1 };
        for (var at = 0; at + unit <= value.Length; at += unit)
        {
            value.AsSpan(at, unit).Reverse();
        }

        return value;
    }
}
