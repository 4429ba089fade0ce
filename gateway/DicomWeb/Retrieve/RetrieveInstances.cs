using System.Buffers;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>WADO-RS studies, series and instances (PS3.18 §10.4.1.1.1): Part 10 files, byte for byte as stored.</summary>
internal sealed class RetrieveInstances(StudyService.StudyServiceClient studies)
{
    public async Task HandleAsync(HttpContext http, string study, string? series = null, string? instance = null)
    {
        StudyCalls.RequireUids(study, series, instance);
        var accepted = Acceptable.Of(http.Request);
        using var call = Call(http, study, series, instance);
        var first = await call.FirstAsync(http.RequestAborted);
        var single = first.Header is { Count: 1 };

        // The choice is made on the first instance; one that is stored in another syntax is still sent as stored and labelled.
        var representation = accepted.Choose(DicomMediaTypes.Instances(first.Header.TransferSyntaxUid, single));
        var parts = new PartWriter(http.Response, representation);
        do
        {
            var message = call.ResponseStream.Current;
            if (message.Header is { } header) Begin(http, parts, header, representation.IsMultipart);
            else parts.Output.Write(message.Data.Span);
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }
        while (await call.ResponseStream.MoveNext(http.RequestAborted));
        await parts.EndAsync(http.RequestAborted);
    }

    private AsyncServerStreamingCall<RetrieveInstancesResponse> Call(HttpContext http, string study, string? series, string? instance) => (series, instance) switch
    {
        (null, _) => studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = study }, http.ForCaller()),
        (_, null) => studies.RetrieveSeries(new RetrieveSeriesRequest { StudyInstanceUid = study, SeriesInstanceUid = series }, http.ForCaller()),
        _ => studies.RetrieveInstance(
            new RetrieveInstanceRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance }, http.ForCaller()),
    };

    private static void Begin(HttpContext http, PartWriter parts, RetrieveInstancesResponse.Types.Header header, bool multipart)
    {
        var url = $"{http.Request.DicomWebUrl()}/studies/{header.StudyInstanceUid}/series/{header.SeriesInstanceUid}/instances/{header.SopInstanceUid}";

        // A stored file is whatever somebody sent: a browser must save it, never show it.
        if (!multipart && DicomUid.IsValid(header.SopInstanceUid)) http.Response.Headers.ContentDisposition = $"attachment; filename=\"{header.SopInstanceUid}.dcm\"";
        parts.Begin($"{DicomMediaTypes.Dicom}; transfer-syntax={header.TransferSyntaxUid}", header.Size, url);
    }
}
