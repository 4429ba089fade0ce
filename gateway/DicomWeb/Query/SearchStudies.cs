using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Query;

/// <summary>
/// QIDO-RS on every level (PS3.18 §10.6). Matches are written as they come; none is an empty array. A Warning header says
/// that there are more of them (§10.6.3.1).
/// </summary>
internal sealed class SearchStudies(StudyService.StudyServiceClient studies)
{
    public async Task HandleAsync(HttpContext http, SearchRequest.Types.Level level, string? study = null, string? series = null)
    {
        if (study is not null) StudyCalls.RequireUids(study, series);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Json);
        var request = QueryParser.Parse(http.Request.Query, level, study, series);
        using var call = studies.Search(request, http.ForCaller());
        var answer = new SearchAnswer(http.Response, representation.MediaType, level, http.Request.DicomWebUrl());
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            var message = call.ResponseStream.Current;
            if (message.HasRemaining) answer.Announce(message.Remaining);
            if (message.More) answer.AnnounceMore();
            else answer.Write(message.DicomJson.Span);
            if (answer.HasBegun) await http.Response.BodyWriter.FlushIfFullAsync(http.RequestAborted);
        }

        answer.End();
        await http.Response.BodyWriter.FlushAllAsync(http.RequestAborted);
    }
}
