using System.Buffers;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>WADO-RS bulk data (PS3.18 §10.4.1.1.5): one large value, little endian, as a BulkDataURI names it.</summary>
internal sealed class RetrieveBulkData(StudyService.StudyServiceClient studies)
{
    public async Task HandleAsync(HttpContext http, string study, string series, string instance, string path)
    {
        StudyCalls.RequireUids(study, series, instance);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.BulkData);
        var request = new RetrieveBulkDataRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance, Path = path };
        using var call = studies.RetrieveBulkData(request, http.ForCaller());
        var first = await call.FirstAsync(http.RequestAborted);

        if (!representation.IsMultipart) http.Response.Headers.ContentDisposition = "attachment";
        var parts = new PartWriter(http.Response, representation);
        parts.Begin(DicomMediaTypes.OctetStream, first.Header.Size, http.Request.DicomWebUrl() + $"/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}");
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            parts.Output.Write(call.ResponseStream.Current.Data.Span);
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }

        await parts.EndAsync(http.RequestAborted);
    }
}
