using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Negotiation;

/// <summary>What a client accepts, and the choice among what can be sent (RFC 9110 §12.5.1, PS3.18 §8.7.4).</summary>
internal sealed class Acceptable
{
    private readonly IReadOnlyList<MediaType> _ranges;

    private Acceptable(IReadOnlyList<MediaType> ranges) => _ranges = ranges;

    /// <summary>The <c>accept</c> query parameter where there is one, else the Accept header, else anything.</summary>
    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID: malformed, or too many ranges.</exception>
    public static Acceptable Of(HttpRequest request)
    {
        var values = request.Query["accept"];
        if (values.Count == 0) values = request.Headers.Accept;
        var ranges = new List<MediaType>();
        foreach (var value in values)
        {
            if (!MediaType.TryParseList(value, ranges))
            {
                throw MeshErrors.Invalid("accept", $"not a list of at most {MediaType.MaxRanges} media ranges");
            }
        }

        return new Acceptable(ranges.Count == 0 ? [MediaType.Any] : ranges);
    }

    /// <summary>The representation that the client likes best; among equals the more precisely named, then the first offered.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE (406): none of them.</exception>
    public Representation Choose(params ReadOnlySpan<Representation> offers) => Find(offers) ?? throw NotAcceptable(offers);

    /// <summary>As <see cref="Choose"/>; null where none is acceptable.</summary>
    public Representation? Find(params ReadOnlySpan<Representation> offers)
    {
        Representation? best = null;
        (double Quality, int Fit) bestRank = (0, -1);
        foreach (var offer in offers)
        {
            var rank = Rank(offer);
            if (rank.Quality > 0 && rank.CompareTo(bestRank) > 0) (best, bestRank) = (offer, rank);
        }

        return best;
    }

    private (double Quality, int Fit) Rank(Representation offer)
    {
        (double Quality, int Fit) rank = (0, -1);
        foreach (var range in _ranges)
        {
            // The most specific range decides, and of equally specific ones the most favourable.
            if (offer.Fit(range) is { } fit && (fit > rank.Fit || (fit == rank.Fit && range.Quality > rank.Quality))) rank = (range.Quality, fit);
        }

        return rank;
    }

    private static Grpc.Core.RpcException NotAcceptable(ReadOnlySpan<Representation> offers)
    {
        var available = new List<string>();
        foreach (var offer in offers)
        {
            var syntax = offer.TransferSyntaxes.Count == 0 ? "" : $"; transfer-syntax={string.Join('|', offer.TransferSyntaxes)}";
            available.Add(offer + syntax);
        }

        return MeshErrors.Of(
            Grpc.Core.StatusCode.Unimplemented, Reason.NotAcceptable, "None of the accepted media types can be made from what is stored.",
            ("available", string.Join(", ", available)));
    }
}
