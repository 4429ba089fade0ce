using System.Buffers;
using System.Globalization;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Transcoding;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>WADO-RS frames (PS3.18 §10.4.1.1.6) in the stored transfer syntax, or in the one that the client needs.</summary>
internal sealed class RetrieveFrames(StudyStreams studies, FrameTranscoder transcoder)
{
    private const int MaxFrames = 1000;

    public async Task HandleAsync(HttpContext http, string study, string series, string instance, string frames)
    {
        StudyCalls.RequireUids(study, series, instance);
        var accepted = Acceptable.Of(http.Request);
        var request = new RetrieveFramesRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance, Frames = { ParseList(frames) } };
        using var call = studies.RetrieveFrames(request, http.ForCaller());
        RetrieveFramesResponse.Types.Header first;
        try
        {
            first = (await call.FirstAsync(http.RequestAborted)).Message!.Header;
        }
        catch (RpcException e) when (MeshErrors.Is(e, Reason.StateConflict))
        {
            // An instance without pixels has no frame resource.
            await HttpErrors.WriteAsync(http, e, StatusCodes.Status404NotFound);
            return;
        }

        var representation = accepted.Choose(DicomMediaTypes.Frames(first.TransferSyntaxUid, request.Frames.Count == 1));
        if (representation.Target is not null)
        {
            // Each frame has to be in memory as a whole: this answer is made of another call.
            call.Dispose();
            await transcoder.SendAsync(http, request, representation);
            return;
        }

        var parts = new PartWriter(http.Response, representation);
        var url = $"{http.Request.DicomWebUrl()}/studies/{study}/series/{series}/instances/{instance}/frames/";
        do
        {
            using var chunk = call.ResponseStream.Current;
            if (chunk.Message?.Header is { } header) parts.Begin(representation.ContentType, header.Size, url + header.Frame.ToString(CultureInfo.InvariantCulture));
            else parts.Output.Write(chunk.Data.Span);
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
