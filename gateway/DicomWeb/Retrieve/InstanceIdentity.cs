using System.Text.Json;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>The UIDs at the top level of a DICOM JSON object, of which only the beginning may be there yet.</summary>
internal struct InstanceIdentity
{
    private const int MaxDepth = 1000;

    public string? Study { get; private set; }

    public string? Series { get; private set; }

    public string? Instance { get; private set; }

    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Reads until SOPInstanceUID, and SeriesInstanceUID where it is wanted, are found or the bytes end.</summary>
    /// <param name="json">From the opening brace.</param>
    /// <param name="isWhole">Whether the object is all there; otherwise the bytes may end anywhere.</param>
    /// <param name="complete">Whether nothing that comes later can change the result.</param>
    public static InstanceIdentity Read(ReadOnlySpan<byte> json, bool isWhole, bool wantsSeries, out bool complete)
    {
        var reader = new Utf8JsonReader(json, isWhole, new JsonReaderState(ReaderOptions));
        var found = new InstanceIdentity();
        complete = false;
        if (!reader.Read()) return found;
        while (found.Instance is null || (wantsSeries && found.Series is null))
        {
            if (!reader.Read()) return found;
            if (reader.TokenType == JsonTokenType.EndObject) break;
            if (!found.TryTake(ref reader)) return found;
        }

        complete = true;
        return found;
    }

    /// <summary>Reads over one attribute whose name the reader is at, and keeps it if it is one of the three UIDs.</summary>
    /// <returns>False where the bytes end within it.</returns>
    public bool TryTake(ref Utf8JsonReader reader)
    {
        var (isInstance, isStudy, isSeries) = (
            reader.ValueTextEquals("00080018"u8), reader.ValueTextEquals("0020000D"u8), reader.ValueTextEquals("0020000E"u8));
        if (!isInstance && !isStudy && !isSeries) return reader.TrySkip();
        if (!TryReadValue(ref reader, out var uid)) return false;
        if (isInstance) Instance = uid;
        if (isStudy) Study = uid;
        if (isSeries) Series = uid;
        return true;
    }

    /// <summary>The first string of "Value" in <c>{"vr":"UI","Value":["…"]}</c>.</summary>
    private static bool TryReadValue(ref Utf8JsonReader reader, out string? value)
    {
        value = null;
        var depth = reader.CurrentDepth;
        do
        {
            if (!reader.Read()) return false;
            if (value is null && reader.TokenType == JsonTokenType.String && reader.CurrentDepth == depth + 2) value = reader.GetString();
        }
        while (reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth != depth);
        return true;
    }
}
