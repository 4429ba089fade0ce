using System.Buffers;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>
/// Copies DICOM JSON that arrives in chunks, with the placeholder <c>{base}</c> of every BulkDataURI replaced by an
/// instance's URL. Only the literal <c>"BulkDataURI":"{base}/</c> counts, wherever chunks divide it: text of a data set
/// cannot hold it, since quotes within strings are escaped.
/// </summary>
internal struct BaseUrlReplacer
{
    private const int Kept = 15; // "BulkDataURI":" stays, {base} goes, the slash is matched to be sure and stays

    // Bytes of the marker at the end of what has come so far: not yet written, equal to the marker's beginning.
    private int _held;

    private static ReadOnlySpan<byte> Marker => "\"BulkDataURI\":\"{base}/"u8;

    // Length of the longest proper border of Marker[..i]: after a mismatch that many held bytes are still a beginning of it.
    // Quotes at 0, 12 and 14 are its only borders.
    private static int BorderOf(int length) => length is 13 or 15 ? 1 : 0;

    /// <param name="url">Of the instance, without a slash at the end.</param>
    public void Write(ReadOnlySpan<byte> chunk, ReadOnlySpan<byte> url, IBufferWriter<byte> output)
    {
        // 1. Finish or drop what the last chunk left open.
        while (_held > 0 && chunk.Length > 0)
        {
            if (chunk[0] == Marker[_held])
            {
                chunk = chunk[1..];
                if (++_held == Marker.Length)
                {
                    WriteReplaced(url, output);
                    _held = 0;
                }
            }
            else
            {
                var border = BorderOf(_held);
                output.Write(Marker[..(_held - border)]);
                _held = border;
            }
        }

        // 2. Whole markers within the chunk.
        for (int at; (at = chunk.IndexOf(Marker)) >= 0; chunk = chunk[(at + Marker.Length)..])
        {
            output.Write(chunk[..at]);
            WriteReplaced(url, output);
        }

        // 3. Hold back a beginning of a marker at the end.
        if (chunk.IsEmpty) return;
        var tail = Math.Min(chunk.Length, Marker.Length - 1);
        while (tail > 0 && !chunk[^tail..].SequenceEqual(Marker[..tail])) tail--;
        output.Write(chunk[..^tail]);
        _held = tail;
    }

    /// <summary>Writes what was held back, at the end of the JSON.</summary>
    public void End(IBufferWriter<byte> output)
    {
        output.Write(Marker[.._held]);
        _held = 0;
    }

    private static void WriteReplaced(ReadOnlySpan<byte> url, IBufferWriter<byte> output)
    {
        output.Write(Marker[..Kept]);
        output.Write(url);
        output.Write("/"u8);
    }
}
