using MedCloudCare.Gateway.DicomWeb.Transcoding;

namespace MedCloudCare.Gateway.DicomWeb.Negotiation;

/// <summary>A representation that can be sent of what is stored.</summary>
/// <param name="MediaType">Of the body, or of each part where <paramref name="IsMultipart"/>.</param>
/// <param name="IsMultipart">Sent as multipart/related.</param>
internal sealed record Representation(string MediaType, bool IsMultipart)
{
    /// <summary>Transfer syntaxes whose bytes these are; the first labels the answer. Empty: the notion does not apply.</summary>
    public IReadOnlyList<string> TransferSyntaxes { get; init; } = [];

    /// <summary>
    /// Only for clients that name the transfer syntax, or <c>*</c>: without it the media type would promise another one
    /// (application/octet-stream means Explicit VR Little Endian, PS3.18 §8.7.3.3).
    /// </summary>
    public bool OnlyWhenSyntaxIsNamed { get; init; }

    /// <summary>What the stored pixels are turned into; null: they are sent as they are.</summary>
    public TranscodeTarget? Target { get; init; }

    /// <summary>How well a range fits: higher is more specific; null is not at all.</summary>
    public int? Fit(MediaType range)
    {
        var type = IsMultipart ? FitMultipart(range) : FitEssence(range.Essence, MediaType);
        if (type is null) return null;
        if (TransferSyntaxes.Count == 0) return type;
        return range.TransferSyntax switch
        {
            null => OnlyWhenSyntaxIsNamed ? null : type,
            "*" => type + 1,
            var uid => TransferSyntaxes.Contains(uid, StringComparer.Ordinal) ? type + 2 : null,
        };
    }

    /// <summary>The Content-Type of one part or of a single-part answer.</summary>
    public string ContentType => TransferSyntaxes.Count == 0 ? MediaType : $"{MediaType}; transfer-syntax={TransferSyntaxes[0]}";

    public override string ToString() => IsMultipart ? $"multipart/related; type=\"{MediaType}\"" : MediaType;

    private int? FitMultipart(MediaType range) => range switch
    {
        { Type: "*" } => 0,
        { Type: "multipart", Subtype: "*" } => 10,
        { IsMultipartRelated: true, PartType: null } => 20,
        { IsMultipartRelated: true, PartType: var part } => FitEssence(part, MediaType) is { } fit ? 30 + fit : null,
        _ => null,
    };

    private static int? FitEssence(string range, string offered)
    {
        if (range.Equals(offered, StringComparison.OrdinalIgnoreCase)) return 20;
        if (range is "*/*") return 0;
        return range.EndsWith("/*", StringComparison.Ordinal) && offered.StartsWith(range[..^1], StringComparison.OrdinalIgnoreCase) ? 10 : null;
    }
}
