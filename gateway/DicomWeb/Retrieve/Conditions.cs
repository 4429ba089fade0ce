using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using Microsoft.Net.Http.Headers;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>Conditional and range requests (RFC 9110 §13, §14) by the versions that study tells of its resources.</summary>
internal static class Conditions
{
    private const int MaxTags = 64;

    /// <summary>The entity tags of If-None-Match without their quotes, weak and strong alike (RFC 9110 §13.1.2).</summary>
    public static IReadOnlyList<string> KnownVersions(this HttpRequest request) =>
        [.. request.GetTypedHeaders().IfNoneMatch.Take(MaxTags).Select(t => t.Tag.Value!.Trim('"'))];

    /// <summary>Labels the answer. Where the client has this version, the answer is 304 and complete.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="version">Of the resource.</param>
    /// <param name="isStrong">The same version is the same bytes.</param>
    /// <returns>Whether the client has it.</returns>
    public static bool IsNotModified(this HttpResponse response, string version, bool isStrong)
    {
        response.Headers.ETag = isStrong ? $"\"{version}\"" : $"W/\"{version}\"";
        response.Headers.Vary = HeaderNames.Accept;
        var known = response.HttpContext.Request.KnownVersions();
        if (!known.Contains(version, StringComparer.Ordinal) && !known.Contains("*", StringComparer.Ordinal)) return false;
        response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    /// <summary>
    /// The one range of bytes that is asked for. Several ranges, and units other than bytes, are not served: the answer is then
    /// the whole, as for a malformed Range (RFC 9110 §14.2).
    /// </summary>
    public static DataRange? WantedRange(this HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method)) return null;
        if (request.GetTypedHeaders().Range is not { Ranges: { Count: 1 } ranges } range || range.Unit != "bytes") return null;
        return ranges.First() switch
        {
            // The last 0 bytes: no such range.
            { From: null, To: 0 } => new DataRange { Offset = long.MaxValue },
            { From: null, To: { } suffix } => new DataRange { Offset = -suffix },
            { From: { } from, To: null } => new DataRange { Offset = from },
            { From: { } from, To: { } to } when to - from < long.MaxValue => new DataRange { Offset = from, Length = to - from + 1 },
            _ => null,
        };
    }

    /// <summary>Whether a range may be sent of this version: If-Range is absent or names it, strongly.</summary>
    public static bool AllowsRange(this HttpRequest request, string version)
    {
        var headers = request.Headers.IfRange;
        return headers.Count == 0
            || (EntityTagHeaderValue.TryParse(headers.ToString(), out var tag) && !tag.IsWeak && tag.Tag.Value == $"\"{version}\"");
    }

    /// <summary>Answers 416 with the length that there is.</summary>
    public static Task RefuseRangeAsync(HttpContext http, long length)
    {
        var error = MeshErrors.Of(Grpc.Core.StatusCode.OutOfRange, Reason.FieldInvalid, $"Range: it lies behind the end, at {length} bytes", ("field", "Range"));
        http.Response.OnStarting(() =>
        {
            http.Response.Headers.ContentRange = $"bytes */{length}";
            return Task.CompletedTask;
        });
        return HttpErrors.WriteAsync(http, error, StatusCodes.Status416RangeNotSatisfiable);
    }
}
