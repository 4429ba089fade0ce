using System.Buffers;
using System.Globalization;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>
/// WADO-RS rendered resources (PS3.18 §10.4.1.1.3) as JPEG or PNG: frames, instances, series and studies. Several pictures are
/// the parts of multipart/related; an instance of several frames asked for as one picture gives its first.
/// </summary>
internal sealed class RenderResources(MetadataReader metadata, FrameReader frames, FrameRenderer renderer)
{
    private const int MaxPictures = 10_000;

    /// <param name="list">Frame numbers of the instance; null: all.</param>
    public async Task HandleAsync(HttpContext http, string study, string? series = null, string? instance = null, string? list = null)
    {
        StudyCalls.RequireUids(study, series, instance);
        var numbers = list is null ? null : RetrieveFrames.ParseList(list);
        var isSingle = instance is not null && numbers is null or { Count: 1 };
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Rendered(isSingle, allowsMultipart: true));
        var parameters = RenderParameters.Parse(http.Request.Query, isThumbnail: false);
        var answer = new Pictures(http, representation, parameters);
        await foreach (var dataset in metadata.ReadAsync(http, study, series, instance, http.RequestAborted))
        {
            // Reports and the like in a series or study have no picture; the image that is asked for by itself must have one.
            if (instance is null && (FrameFormats.Of(dataset) is null || !dataset.Contains(DicomTags.PixelData))) continue;
            await RenderAsync(answer, dataset, Wanted(dataset, numbers, representation.IsMultipart));
            if (answer.Count > MaxPictures) throw MeshErrors.Limit("pictures of one answer", MaxPictures);
        }

        if (answer.Count == 0) throw PixelDescription.NotRendered("nothing in it is an image");
        await answer.EndAsync();
    }

    /// <summary>A thumbnail (§10.4.1.1.4): one picture for the whole, of its middle; of a frame list the listed frames.</summary>
    /// <param name="list">Frame numbers of the instance; null: the one in the middle.</param>
    public async Task HandleThumbnailAsync(HttpContext http, string study, string series, string instance, string? list)
    {
        StudyCalls.RequireUids(study, series, instance);
        var numbers = list is null ? null : RetrieveFrames.ParseList(list);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Rendered(numbers is null or { Count: 1 }, allowsMultipart: numbers is not null));
        var answer = new Pictures(http, representation, RenderParameters.Parse(http.Request.Query, isThumbnail: true));
        var dataset = await metadata.ReadOneAsync(http, study, series, instance);
        await RenderAsync(answer, dataset, numbers is null ? [(FrameFormats.CountOf(dataset) / 2) + 1] : Wanted(dataset, numbers, representation.IsMultipart));
        await answer.EndAsync();
    }

    private static IReadOnlyList<int> Wanted(DicomDataset dataset, IReadOnlyList<int>? numbers, bool isMultipart)
    {
        var count = FrameFormats.CountOf(dataset);
        if (numbers is not null) return numbers.FirstOrDefault(n => n > count) is var beyond and > 0 ? throw MeshErrors.NotFound($"frame {beyond}") : numbers;
        if (!isMultipart) return [1];
        return count <= MaxPictures ? [.. Enumerable.Range(1, count)] : throw MeshErrors.Limit("pictures of one answer", MaxPictures);
    }

    private async Task RenderAsync(Pictures answer, DicomDataset dataset, IReadOnlyList<int> numbers)
    {
        var http = answer.Http;
        await metadata.LoadTablesAsync(http, dataset);
        var request = new RetrieveFramesRequest
        {
            StudyInstanceUid = dataset.GetString(DicomTags.StudyInstanceUID) ?? "",
            SeriesInstanceUid = dataset.GetString(DicomTags.SeriesInstanceUID) ?? "",
            SopInstanceUid = dataset.GetString(DicomTags.SOPInstanceUID) ?? "",
            Frames = { numbers },
        };

        // What cannot be shown is refused before its pixels are fetched.
        PixelDescription.Of(dataset, numbers[0]);
        await foreach (var (number, syntax, frame) in frames.ReadAsync(http, request))
        {
            var image = PixelDescription.Of(dataset, number);
            var picture = await renderer.RenderAsync(image, syntax, frame, answer.Parameters, answer.MediaType, http.RequestAborted);
            await answer.AddAsync(picture, request, number);
        }
    }

    /// <summary>The answer, begun with the first picture, so that an error before it gets an answer of its own.</summary>
    private sealed class Pictures(HttpContext http, Representation representation, RenderParameters parameters)
    {
        private readonly PartWriter _parts = new(http.Response, representation);

        public HttpContext Http => http;

        public RenderParameters Parameters => parameters;

        public string MediaType => representation.MediaType;

        public int Count { get; private set; }

        public ValueTask AddAsync(ReadOnlyMemory<byte> picture, RetrieveFramesRequest of, int frame)
        {
            if (Count++ == 0)
            {
                // The bytes are made here, unlike those of stored files: a browser may show them.
                http.Response.Headers.ContentDisposition = "inline";
                if (parameters.IgnoresAnnotation) http.Response.Headers.Warning = "299 dicomweb \"annotations are not supported: rendered without\"";
            }

            var url = $"{http.Request.DicomWebUrl()}/studies/{of.StudyInstanceUid}/series/{of.SeriesInstanceUid}/instances/{of.SopInstanceUid}/frames/";
            _parts.Begin(representation.MediaType, picture.Length, representation.IsMultipart ? url + frame.ToString(CultureInfo.InvariantCulture) + "/rendered" : null);
            if (_parts.IsHeadOnly) return ValueTask.CompletedTask;
            _parts.Output.Write(picture.Span);
            return _parts.Output.FlushIfFullAsync(http.RequestAborted);
        }

        public ValueTask EndAsync() => _parts.IsHeadOnly ? ValueTask.CompletedTask : _parts.EndAsync(http.RequestAborted);
    }
}
