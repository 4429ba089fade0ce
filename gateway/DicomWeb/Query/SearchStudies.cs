using System.Buffers;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Query;

/// <summary>QIDO-RS on every level (PS3.18 §10.6). Matches are written as they come; none is an empty array.</summary>
internal sealed class SearchStudies(StudyService.StudyServiceClient studies)
{
    public async Task HandleAsync(HttpContext http, SearchRequest.Types.Level level, string? study = null, string? series = null)
    {
        if (study is not null) StudyCalls.RequireUids(study, series);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Json);
        var request = QueryParser.Parse(http.Request.Query, level, study, series);
        using var call = studies.Search(request, http.ForCaller());
        var any = await call.ResponseStream.MoveNext(http.RequestAborted);

        http.Response.ContentType = representation.MediaType;
        var (output, url) = (http.Response.BodyWriter, http.Request.DicomWebUrl());
        output.Write("["u8);
        for (var more = any; more;)
        {
            RetrieveUrl.Insert(call.ResponseStream.Current.DicomJson.Span, level, url, output);
            more = await call.ResponseStream.MoveNext(http.RequestAborted);
            if (more) output.Write(","u8);
            await output.FlushIfFullAsync(http.RequestAborted);
        }

        output.Write("]"u8);
        await output.FlushAllAsync(http.RequestAborted);
    }
}
