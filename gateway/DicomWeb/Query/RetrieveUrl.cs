using System.Buffers;
using System.Text;
using System.Text.Json;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Query;

/// <summary>Adds Retrieve URL (0008,1190), which only the server that is asked knows, to a match of a query.</summary>
internal static class RetrieveUrl
{
    private static ReadOnlySpan<byte> Tag => "00081190"u8;

    /// <summary>Copies a DICOM JSON object with the attribute put where the order of tags wants it (PS3.18 §F.2.2).</summary>
    /// <returns>The URL.</returns>
    /// <exception cref="JsonException">It is not a JSON object.</exception>
    public static string Insert(ReadOnlySpan<byte> match, SearchRequest.Types.Level level, string dicomWebUrl, IBufferWriter<byte> output)
    {
        var reader = new Utf8JsonReader(match, InstanceIdentity.ReaderOptions);
        var identity = new InstanceIdentity();
        var (at, any) = (-1, false);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            any = true;
            if (at < 0 && reader.ValueSpan.SequenceCompareTo(Tag) > 0) at = (int)reader.TokenStartIndex;
            identity.TryTake(ref reader);
        }

        var (before, after) = at >= 0 ? ("", ",") : (any ? "," : "", "");
        if (at < 0) at = (int)reader.TokenStartIndex;
        var url = Of(identity, level, dicomWebUrl);
        output.Write(match[..at]);
        output.Write(Encoding.UTF8.GetBytes($"{before}\"00081190\":{{\"vr\":\"UR\",\"Value\":[\"{url}\"]}}{after}"));
        output.Write(match[at..]);
        return url;
    }

    private static string Of(InstanceIdentity identity, SearchRequest.Types.Level level, string dicomWebUrl) => level switch
    {
        SearchRequest.Types.Level.Study => $"{dicomWebUrl}/studies/{identity.Study}",
        SearchRequest.Types.Level.Series => $"{dicomWebUrl}/studies/{identity.Study}/series/{identity.Series}",
        _ => $"{dicomWebUrl}/studies/{identity.Study}/series/{identity.Series}/instances/{identity.Instance}",
    };
}
