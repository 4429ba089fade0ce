using System.Buffers;
using System.Globalization;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>WADO-RS frames (PS3.18 §10.4.1.1.6) in the stored transfer syntax.</summary>
internal sealed class RetrieveFrames(StudyService.StudyServiceClient studies)
{
    private const int MaxFrames = 1000;

    public async Task HandleAsync(HttpContext http, string study, string series, string instance, string frames)
    {
        StudyCalls.RequireUids(study, series, instance);
        var accepted = Acceptable.Of(http.Request);
        var request = new RetrieveFramesRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance, Frames = { ParseList(frames) } };
        using var call = studies.RetrieveFrames(request, http.ForCaller());
        RetrieveFramesResponse first;
        try
        {
            first = await call.FirstAsync(http.RequestAborted);
        }
        catch (RpcException e) when (MeshErrors.Is(e, Reason.StateConflict))
        {
            // An instance without pixels has no frame resource.
            await HttpErrors.WriteAsync(http, e, StatusCodes.Status404NotFound);
            return;
        }

        var representation = accepted.Choose(DicomMediaTypes.Frames(first.Header.TransferSyntaxUid, request.Frames.Count == 1));
        var parts = new PartWriter(http.Response, representation);
        var url = $"{http.Request.DicomWebUrl()}/studies/{study}/series/{series}/instances/{instance}/frames/";
        do
        {
            var message = call.ResponseStream.Current;
            if (message.Header is { } header) parts.Begin(representation.ContentType, header.Size, url + header.Frame.ToString(CultureInfo.InvariantCulture));
            else parts.Output.Write(message.Data.Span);
            if (parts.IsHeadOnly) return;
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }
        while (await call.ResponseStream.MoveNext(http.RequestAborted));
        await parts.EndAsync(http.RequestAborted);
    }

    /// <summary>A list of frame numbers from 1, divided by commas (also by escaped ones, as the standard's earlier editions had it).</summary>
    /// <exception cref="RpcException">FIELD_INVALID, LIMIT_EXCEEDED.</exception>
    public static IReadOnlyList<int> ParseList(string text)
    {
        var numbers = new List<int>();
        foreach (var range in text.AsSpan().Split(','))
        {
            if (numbers.Count == MaxFrames) throw MeshErrors.Limit("frames of one request", MaxFrames);
            if (!int.TryParse(text.AsSpan(range), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
            {
                throw MeshErrors.Invalid("frames", "not a list of frame numbers from 1, divided by commas");
            }

            numbers.Add(number);
        }

        return numbers;
    }
}
