using MedCloudCare.Gateway.DicomWeb.Negotiation;

namespace MedCloudCare.Gateway.DicomWeb.Capabilities;

/// <summary>All addresses of this DICOMweb service.</summary>
internal static class WebResources
{
    private const string Study = "studies/{study}";
    private const string Series = Study + "/series/{series}";
    private const string Instance = Series + "/instances/{instance}";
    private const string MultipartDicom = "multipart/related; type=\"application/dicom\"";
    private const string MultipartBytes = "multipart/related; type=\"application/octet-stream\"";

    private static readonly string[] Json = [DicomMediaTypes.DicomJson, "application/json"];
    private static readonly string[] Files = [MultipartDicom, DicomMediaTypes.Dicom];
    private static readonly string[] Stored = [MultipartDicom, DicomMediaTypes.Dicom, "multipart/related; type=\"application/dicom+json\"", DicomMediaTypes.DicomJson];
    private static readonly string[] Frames =
    [
        MultipartBytes, DicomMediaTypes.OctetStream, "multipart/related; type=\"image/jpeg\"", "multipart/related; type=\"image/jls\"",
        "multipart/related; type=\"image/jp2\"", "multipart/related; type=\"image/dicom-rle\"",
    ];

    private static readonly string[] SearchParameters = ["{attribute}", "includefield", "fuzzymatching", "limit", "offset", "accept"];
    private static readonly string[] RenderParameters = ["window", "viewport", "quality", "accept"];

    private static readonly string[] Rendered = [DicomMediaTypes.Jpeg, "image/png"];

    public static IReadOnlyList<WebResource> All { get; } =
    [
        new("studies", Search("SearchForStudies"), Store("StoreInstances")),
        new("series", Search("SearchForSeries")),
        new("instances", Search("SearchForInstances")),
        new(Study, Retrieve("RetrieveStudy", Files), Store("StoreStudyInstances"), Delete("Study")),
        new(Study + "/reject/{code}", Reject("Study")),
        new(Study + "/series", Search("SearchForStudySeries")),
        new(Study + "/instances", Search("SearchForStudyInstances")),
        .. OfLevel(Study, "Study"),
        new(Series, Retrieve("RetrieveSeries", Files), Delete("Series")),
        new(Series + "/reject/{code}", Reject("Series")),
        new(Series + "/instances", Search("SearchForStudySeriesInstances")),
        .. OfLevel(Series, "Series"),
        new(Instance, Retrieve("RetrieveInstance", Files), Delete("Instance")),
        new(Instance + "/reject/{code}", Reject("Instance")),
        .. OfLevel(Instance, "Instance"),
        new(Instance + "/bulkdata/{+path}", Retrieve("RetrieveBulkdata", [MultipartBytes, DicomMediaTypes.OctetStream])),
        new(Instance + "/frames/{list}", Retrieve("RetrieveFrames", Frames)),
        new(Instance + "/frames/{list}/rendered", Retrieve("RetrieveRenderedFrames", Rendered, RenderParameters)),
        new(Instance + "/frames/{list}/thumbnail", Retrieve("RetrieveFrameThumbnail", Rendered, RenderParameters)),
        new("capabilities", Retrieve("RetrieveCapabilities", CapabilityDocument.MediaTypes)),
    ];

    private static IEnumerable<WebResource> OfLevel(string path, string name) =>
    [
        new(path + "/metadata", Retrieve($"Retrieve{name}Metadata", Json)),
        new(path + "/bulkdata", Retrieve($"Retrieve{name}Bulkdata", [MultipartBytes])),
        new(path + "/rendered", Retrieve($"RetrieveRendered{name}", Rendered, RenderParameters)),
        new(path + "/thumbnail", Retrieve($"Retrieve{name}Thumbnail", Rendered, RenderParameters)),
    ];

    private static WebMethod Delete(string level) => new("DELETE", "Delete" + level, [], [], [], [204, 403, 404]);

    private static WebMethod Reject(string level) => new("POST", "Reject" + level, [], ["application/json"], [], [200, 403, 404, 501]);

    private static WebMethod Search(string id) => new("GET", id, [], Json, SearchParameters, [200, 400, 406]);

    private static WebMethod Store(string id) => new("POST", id, Stored, Json, ["accept"], [200, 202, 400, 406, 409, 413, 415]);

    private static WebMethod Retrieve(string id, string[] answers, string[]? parameters = null) =>
        new("GET", id, [], answers, parameters ?? ["accept"], [200, 400, 404, 406]);
}
