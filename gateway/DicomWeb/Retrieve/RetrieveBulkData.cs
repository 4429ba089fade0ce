using System.Buffers;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>WADO-RS bulk data (PS3.18 §10.4.1.1.5): one large value, little endian, as a BulkDataURI names it; whole, or a range of it.</summary>
internal sealed class RetrieveBulkData(StudyStreams studies)
{
    public async Task HandleAsync(HttpContext http, string study, string series, string instance, string path)
    {
        StudyCalls.RequireUids(study, series, instance);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.BulkData);
        var request = new RetrieveBulkDataRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance, Path = path };
        if (!representation.IsMultipart) request.Range = http.Request.WantedRange();
        if (request.Range is not null && await SendAsync(http, request, representation)) return;
        request.Range = null;
        await SendAsync(http, request, representation);
    }

    /// <returns>False, with nothing sent, where the condition of a range does not hold.</returns>
    private async Task<bool> SendAsync(HttpContext http, RetrieveBulkDataRequest request, Representation representation)
    {
        using var call = studies.RetrieveBulkData(request, http.ForCaller());
        var header = (await call.FirstAsync(http.RequestAborted)).Message!.Header;
        if (header.Part is not null && !http.Request.AllowsRange(header.Version)) return false;
        if (http.Response.IsNotModified(header.Version, isStrong: !representation.IsMultipart)) return true;
        if (header.Part is { Length: 0 })
        {
            await Conditions.RefuseRangeAsync(http, header.Size);
            return true;
        }

        if (!representation.IsMultipart) http.Response.Headers.AcceptRanges = "bytes";
        var parts = new PartWriter(http.Response, representation);
        var url = $"{http.Request.DicomWebUrl()}/studies/{request.StudyInstanceUid}/series/{request.SeriesInstanceUid}/instances/{request.SopInstanceUid}";
        parts.Begin(DicomMediaTypes.OctetStream, header.Size, $"{url}/bulkdata/{request.Path}", header.Part);
        if (parts.IsHeadOnly) return true;
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            using var chunk = call.ResponseStream.Current;
            parts.Output.Write(chunk.Data.Span);
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }

        await parts.EndAsync(http.RequestAborted);
        return true;
    }
}
