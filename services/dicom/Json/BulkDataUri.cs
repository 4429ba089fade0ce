using System.Buffers;
using System.Text;

namespace MedCloudCare.Dicom;

/// <summary>
/// BulkDataURI values of scanned instances are <c>{base}/bulkdata/&lt;path&gt;</c>, where the path is tags and item
/// numbers from 0 ("7FE00010", "00081140/0/00091010") and <c>{base}</c> stands literally for the instance's URL, which
/// only the server that answers knows. <see cref="Resolve"/> puts it in while the JSON is written out.
/// </summary>
public static class BulkDataUri
{
    /// <summary>The placeholder of the instance's URL.</summary>
    public const string Base = "{base}";

    private static ReadOnlySpan<byte> Marker => "\"BulkDataURI\":\"{base}/"u8;

    /// <summary>The URI of a path.</summary>
    public static string Of(string path) => $"{Base}/bulkdata/{path}";

    /// <summary>
    /// Copies JSON made by <see cref="DicomJsonWriter"/> with every placeholder replaced. Text of a data set cannot be
    /// taken for one: quotes within strings are escaped.
    /// </summary>
    /// <param name="instanceUrl">Without a slash at the end; of characters that need no escape in JSON (a URL).</param>
    public static void Resolve(ReadOnlySpan<byte> json, ReadOnlySpan<byte> instanceUrl, IBufferWriter<byte> output)
    {
        const int Kept = 15; // "BulkDataURI":" without the placeholder
        for (int at; (at = json.IndexOf(Marker)) >= 0; json = json[(at + Marker.Length - 1)..])
        {
            output.Write(json[..(at + Kept)]);
            output.Write(instanceUrl);
        }

        output.Write(json);
    }

    /// <inheritdoc cref="Resolve(ReadOnlySpan{byte}, ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public static byte[] Resolve(ReadOnlySpan<byte> json, string instanceUrl)
    {
        var output = new ArrayBufferWriter<byte>(json.Length + 256);
        Resolve(json, Encoding.UTF8.GetBytes(instanceUrl), output);
        return output.WrittenSpan.ToArray();
    }
}
