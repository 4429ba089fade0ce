using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using ZstdSharp;

namespace MedCloudCare.Gateway.DicomWeb.Negotiation;

/// <summary>
/// Content encodings of DICOMweb answers: Zstandard and gzip, by the client's weights (RFC 9110 §12.5.3). DICOM JSON is encoded
/// for whoever accepts it. Files, frames and bulk data are encoded only for clients that give identity a lower weight: pixels
/// barely shrink, and encoding them costs more than any network that a viewer sits on.
/// </summary>
internal sealed class ContentEncodings(IServiceProvider services, IOptions<ResponseCompressionOptions> options)
    : ResponseCompressionProvider(services, options)
{
    private const string Identity = "identity";
    private const string Gzip = "gzip";

    private readonly Zstandard _zstandard = new();
    private readonly GzipCompressionProvider _gzip = new(new OptionsWrapper<GzipCompressionProviderOptions>(new()));

    public static void Configure(ResponseCompressionOptions compression)
    {
        compression.EnableForHttps = true;
        compression.MimeTypes = [DicomMediaTypes.DicomJson, "application/json"];
    }

    /// <summary>Refuses a request that accepts neither an encoding of this list nor identity.</summary>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE (406).</exception>
    public static Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        var header = http.Request.Headers.AcceptEncoding;
        if (header.Count > 0 && WeightOf(header, Identity) == 0 && WeightOf(header, Zstandard.Name) is null or 0 && WeightOf(header, Gzip) is null or 0)
        {
            throw MeshErrors.Of(
                Grpc.Core.StatusCode.Unimplemented, Reason.NotAcceptable, "None of the accepted content encodings can be made.", ("available", "zstd, gzip, identity"));
        }

        return next(http);
    }

    /// <summary>The coding of the greatest weight, Zstandard before gzip and either before identity where weights are equal; null is identity.</summary>
    public override ICompressionProvider? GetCompressionProvider(HttpContext context)
    {
        var header = context.Request.Headers.AcceptEncoding;
        var (zstandard, gzip) = (WeightOf(header, Zstandard.Name) ?? 0, WeightOf(header, Gzip) ?? 0);
        var best = Math.Max(zstandard, gzip);
        if (best == 0 || WeightOf(header, Identity) > best) return null;
        return zstandard == best ? _zstandard : _gzip;
    }

    public override bool ShouldCompressResponse(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (context.Response.StatusCode == StatusCodes.Status206PartialContent || headers.ContainsKey(HeaderNames.ContentEncoding)) return false;
        if (!base.ShouldCompressResponse(context) && !PrefersEncoded(context.Request)) return false;

        // Encoded, the bytes are no longer those that a strong tag or a range of bytes names.
        if (headers.ETag.ToString() is ['"', ..] strong) headers.ETag = "W/" + strong;
        headers.Remove(HeaderNames.AcceptRanges);
        return true;
    }

    private static bool PrefersEncoded(HttpRequest request)
    {
        var header = request.Headers.AcceptEncoding;
        return WeightOf(header, Identity) is { } identity && Math.Max(WeightOf(header, Zstandard.Name) ?? 0, WeightOf(header, Gzip) ?? 0) > identity;
    }

    /// <summary>The weight of a coding, by its name or by <c>*</c>; null where the client says nothing of it.</summary>
    private static double? WeightOf(Microsoft.Extensions.Primitives.StringValues header, string coding)
    {
        if (!StringWithQualityHeaderValue.TryParseList(header, out var codings)) return null;
        var found = codings.FirstOrDefault(c => c.Value.Equals(coding, StringComparison.OrdinalIgnoreCase)) ?? codings.FirstOrDefault(c => c.Value == "*");
        return found is null ? null : found.Quality ?? 1;
    }

    /// <summary>Zstandard (RFC 8878).</summary>
    private sealed class Zstandard : ICompressionProvider
    {
        public const string Name = "zstd";

        // DICOM JSON is repetitive: the fastest level leaves little more than slower ones do.
        private const int Level = 1;

        public string EncodingName => Name;

        public bool SupportsFlush => true;

        public Stream CreateStream(Stream outputStream) => new CompressionStream(outputStream, Level, leaveOpen: true);
    }
}
