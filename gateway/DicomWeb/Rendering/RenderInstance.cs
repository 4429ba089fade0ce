using System.Buffers;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>WADO-RS rendered frames and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4) as JPEG.</summary>
internal sealed class RenderInstance(StudyService.StudyServiceClient studies) : IDisposable
{
    private const int MaxMetadataBytes = 32 * 1024 * 1024;
    private const int MaxFrameBytes = 128 * 1024 * 1024;

    // Decoding is work for a processor and memory for a frame: more at once would only be slower.
    private readonly SemaphoreSlim _decoders = new(Environment.ProcessorCount);

    public void Dispose() => _decoders.Dispose();

    /// <summary>A thumbnail of the series: of the instance in its middle.</summary>
    public async Task HandleSeriesAsync(HttpContext http, string study, string series)
    {
        StudyCalls.RequireUids(study, series);
        var found = await studies.LookupSeriesAsync(new LookupSeriesRequest { StudyInstanceUid = study, SeriesInstanceUid = series }, http.ForCaller());
        var search = new SearchRequest
        {
            Level = SearchRequest.Types.Level.Instance,
            StudyInstanceUid = study,
            SeriesInstanceUid = series,
            Limit = 1,
            Offset = found.InstanceCount / 2,
        };
        using var call = studies.Search(search, http.ForCaller());
        var instance = await call.ResponseStream.MoveNext(http.RequestAborted)
            ? InstanceIdentity.Read(call.ResponseStream.Current.DicomJson.Span, isWhole: true, wantsSeries: false, out _).Instance
            : null;
        await HandleAsync(http, study, series, instance ?? throw MeshErrors.NotFound($"series {series}"), null, isThumbnail: true);
    }

    /// <param name="frame">From 1; null: the first, or for a thumbnail the one in the middle.</param>
    public async Task HandleAsync(HttpContext http, string study, string series, string instance, int? frame, bool isThumbnail)
    {
        StudyCalls.RequireUids(study, series, instance);
        Acceptable.Of(http.Request).Choose(DicomMediaTypes.RenderedImage);
        var parameters = RenderParameters.Parse(http.Request.Query, isThumbnail);

        var dataset = await ReadMetadataAsync(http, study, series, instance);
        var count = Math.Max(1, dataset.GetInt(DicomTags.NumberOfFrames) ?? 1);
        var number = frame ?? (isThumbnail ? (count / 2) + 1 : 1);
        if (number < 1 || number > count) throw MeshErrors.NotFound($"frame {number}");
        var image = PixelDescription.Of(dataset, number);
        var request = new RetrieveFramesRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance, Frames = { number } };

        var output = new ArrayBufferWriter<byte>(32 * 1024);
        await _decoders.WaitAsync(http.RequestAborted);
        try
        {
            var (syntax, bytes) = await ReadFrameAsync(http, request);
            Render(image, syntax, bytes, parameters, output);
        }
        finally
        {
            _decoders.Release();
        }

        http.Response.ContentType = DicomMediaTypes.Jpeg;
        http.Response.ContentLength = output.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(output.WrittenMemory, http.RequestAborted);
    }

    /// <summary>Decodes, windows, scales and encodes one frame.</summary>
    public static void Render(PixelDescription image, string transferSyntax, byte[] frame, RenderParameters parameters, IBufferWriter<byte> output)
    {
        Raster raster;
        try
        {
            raster = DisplayPipeline.Render(image, FrameDecoder.Decode(image, transferSyntax, frame), parameters.Window);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or IndexOutOfRangeException or OverflowException)
        {
            // The pixels are as somebody sent them; JpegLibrary throws the latter kinds for malformed ones.
            throw PixelDescription.NotRendered("its pixel data are damaged or contradict its attributes");
        }

        JpegCodec.Encode(parameters.Viewport?.Apply(raster) ?? raster, parameters.Quality, output);
    }

    private async Task<DicomDataset> ReadMetadataAsync(HttpContext http, string study, string series, string instance)
    {
        using var call = studies.RetrieveMetadata(
            new RetrieveMetadataRequest { StudyInstanceUid = study, SeriesInstanceUid = series, SopInstanceUid = instance }, http.ForCaller());
        var json = new ArrayBufferWriter<byte>(64 * 1024);
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            json.Write(call.ResponseStream.Current.DicomJson.Span);
            if (json.WrittenCount > MaxMetadataBytes) throw PixelDescription.NotRendered("its metadata are too large");
            if (call.ResponseStream.Current.EndOfInstance) break;
        }

        return DicomDataset.FromJson(json.WrittenSpan);
    }

    private async Task<(string TransferSyntax, byte[] Bytes)> ReadFrameAsync(HttpContext http, RetrieveFramesRequest request)
    {
        using var call = studies.RetrieveFrames(request, http.ForCaller());
        try
        {
            var first = await call.FirstAsync(http.RequestAborted);
            if (first.Header.Size > MaxFrameBytes) throw PixelDescription.NotRendered("a frame is too large");
            var (bytes, length) = (new byte[first.Header.Size], 0);
            while (await call.ResponseStream.MoveNext(http.RequestAborted))
            {
                var data = call.ResponseStream.Current.Data;
                data.CopyTo(bytes, length);
                length += data.Length;
            }

            return (first.Header.TransferSyntaxUid, bytes);
        }
        catch (RpcException e) when (MeshErrors.Is(e, Reason.StateConflict))
        {
            throw PixelDescription.NotRendered("it has no pixel data");
        }
    }
}
