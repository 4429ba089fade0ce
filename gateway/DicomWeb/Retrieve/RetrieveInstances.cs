using System.Buffers;
using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Gateway.DicomWeb.Transcoding;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>
/// WADO-RS studies, series and instances (PS3.18 §10.4.1.1.1): Part 10 files, byte for byte as stored (of one file alone also a
/// range), or in another transfer syntax where the client names one that is not the stored one.
/// </summary>
internal sealed class RetrieveInstances(StudyStreams studies, PixelCodec codec)
{
    public async Task HandleAsync(HttpContext http, string study, string? series = null, string? instance = null)
    {
        StudyCalls.RequireUids(study, series, instance);
        var accepted = Acceptable.Of(http.Request);
        var range = instance is null ? null : http.Request.WantedRange();
        if (range is not null && await SendAsync(http, accepted, range, study, series, instance)) return;
        await SendAsync(http, accepted, null, study, series, instance);
    }

    /// <returns>False, with nothing sent, where a range was asked for that this representation or version is not cut to.</returns>
    private async Task<bool> SendAsync(HttpContext http, Acceptable accepted, DataRange? range, string study, string? series, string? instance)
    {
        using var call = Call(http, range, study, series, instance);
        var first = (await call.FirstAsync(http.RequestAborted)).Message!.Header;

        // Whether the answer is multipart is chosen on the first instance, the transfer syntax on each.
        var representation = accepted.Choose(DicomMediaTypes.Instances(first.TransferSyntaxUid, single: first.Count == 1));
        if (range is not null && (representation.IsMultipart || !http.Request.AllowsRange(first.Version))) return false;
        if (representation.Target is not null)
        {
            if (range is not null) return false;
            await new TranscodedAnswer(http, accepted, representation, codec).SendAsync(call);
            return true;
        }

        if (instance is not null && http.Response.IsNotModified(first.Version, isStrong: !representation.IsMultipart)) return true;
        if (first.Part is { Length: 0 })
        {
            await Conditions.RefuseRangeAsync(http, first.Size);
            return true;
        }

        var parts = new PartWriter(http.Response, representation);
        do
        {
            using var chunk = call.ResponseStream.Current;
            if (chunk.Message?.Header is { } header) Begin(http, parts, header, representation.IsMultipart);
            else parts.Output.Write(chunk.Data.Span);
            if (parts.IsHeadOnly) return true;
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }
        while (await call.ResponseStream.MoveNext(http.RequestAborted));
        await parts.EndAsync(http.RequestAborted);
        return true;
    }

    private AsyncServerStreamingCall<Chunk<RetrieveInstancesResponse>> Call(HttpContext http, DataRange? range, string study, string? series, string? instance) =>
        (series, instance) switch
        {
            (null, _) => studies.RetrieveStudy(new RetrieveStudyRequest { StudyInstanceUid = study }, http.ForCaller()),
            (_, null) => studies.RetrieveSeries(new RetrieveSeriesRequest { StudyInstanceUid = study, SeriesInstanceUid = series }, http.ForCaller()),
            _ => studies.RetrieveInstance(
                new RetrieveInstanceRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance, Range = range }, http.ForCaller()),
        };

    private static void Begin(HttpContext http, PartWriter parts, RetrieveInstancesResponse.Types.Header header, bool multipart)
    {
        var url = $"{http.Request.DicomWebUrl()}/studies/{header.StudyInstanceUid}/series/{header.SeriesInstanceUid}/instances/{header.SopInstanceUid}";
        if (!multipart)
        {
            http.Response.Headers.AcceptRanges = "bytes";
            if (DicomUid.IsValid(header.SopInstanceUid)) http.Response.Headers.ContentDisposition = $"attachment; filename=\"{header.SopInstanceUid}.dcm\"";
        }

        parts.Begin($"{DicomMediaTypes.Dicom}; transfer-syntax={header.TransferSyntaxUid}", header.Size, url, header.Part);
    }
}
