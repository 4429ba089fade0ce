using MedCloudCare.Gateway.DicomWeb.Capabilities;
using MedCloudCare.Gateway.DicomWeb.Delete;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.DicomWeb.Query;
using MedCloudCare.Gateway.DicomWeb.Rendering;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Gateway.DicomWeb.Store;
using MedCloudCare.Gateway.DicomWeb.Transcoding;
using Microsoft.AspNetCore.ResponseCompression;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Gateway.DicomWeb;

/// <summary>The addresses of DICOMweb (PS3.18 tables 10.4.1-1, 10.5.1-1, 10.6.1-1) under /dicomweb.</summary>
internal static class DicomWebEndpoints
{
    private const string Base = "/dicomweb";
    private const string StudyPath = "/studies/{study}";
    private const string SeriesPath = StudyPath + "/series/{series}";
    private const string InstancePath = SeriesPath + "/instances/{instance}";

    public static void AddDicomWeb(this IServiceCollection services) => services
        .AddResponseCompression(ContentEncodings.Configure)
        .AddSingleton<IResponseCompressionProvider, ContentEncodings>()
        .AddSingleton<SearchStudies>()
        .AddSingleton<RetrieveMetadata>()
        .AddSingleton<RetrieveInstances>()
        .AddSingleton<RetrieveFrames>()
        .AddSingleton<RetrieveBulkData>()
        .AddSingleton<RetrieveAllBulkData>()
        .AddSingleton<FrameTranscoder>()
        .AddSingleton<MetadataReader>()
        .AddSingleton<FrameReader>()
        .AddSingleton<FrameRenderer>()
        .AddSingleton<RenderResources>()
        .AddSingleton<RepresentativeImage>()
        .AddSingleton<StoreInstances>()
        .AddSingleton<DeleteObjects>();

    /// <summary>
    /// OPTIONS, slow readers and the encoding of answers: of DICOMweb alone, since those of the services pass as they are, so that streams of
    /// news are not held back.
    /// </summary>
    public static void UseDicomWeb(this IApplicationBuilder app) => app.UseWhen(
        http => http.Request.Path.StartsWithSegments(Base),
        branch => branch.Use(SlowReaders.LimitAsync).Use(RetrieveCapabilities.OptionsAsync).Use(ContentEncodings.CheckAsync).UseResponseCompression());

    public static void MapDicomWeb(this IEndpointRouteBuilder app)
    {
        var dicomweb = app.MapGroup(Base);
        MapQuery(dicomweb, app.ServiceProvider.GetRequiredService<SearchStudies>());
        MapRetrieve(dicomweb, app.ServiceProvider);
        MapRender(dicomweb, app.ServiceProvider);
        var store = app.ServiceProvider.GetRequiredService<StoreInstances>();
        dicomweb.MapPost("/studies", (HttpContext http) => store.HandleAsync(http));
        dicomweb.MapPost(StudyPath, (HttpContext http, string study) => store.HandleAsync(http, study));
        MapDelete(dicomweb, app.ServiceProvider.GetRequiredService<DeleteObjects>());
        MapRead(dicomweb, "/capabilities", (HttpContext http) => RetrieveCapabilities.HandleAsync(http));
    }

    private static void MapDelete(RouteGroupBuilder dicomweb, DeleteObjects delete)
    {
        dicomweb.MapDelete(StudyPath, (HttpContext http, string study) => delete.HandleAsync(http, study));
        dicomweb.MapDelete(SeriesPath, (HttpContext http, string study, string series) => delete.HandleAsync(http, study, series));
        dicomweb.MapDelete(InstancePath, (HttpContext http, string study, string series, string instance) => delete.HandleAsync(http, study, series, instance));
        dicomweb.MapPost(StudyPath + "/reject/{code}", (HttpContext http, string study, string code) => delete.RejectAsync(http, code, study));
        dicomweb.MapPost(SeriesPath + "/reject/{code}", (HttpContext http, string study, string series, string code) =>
            delete.RejectAsync(http, code, study, series));
        dicomweb.MapPost(InstancePath + "/reject/{code}", (HttpContext http, string study, string series, string instance, string code) =>
            delete.RejectAsync(http, code, study, series, instance));
    }

    private static void MapQuery(RouteGroupBuilder dicomweb, SearchStudies search)
    {
        MapRead(dicomweb, "/studies", (HttpContext http) => search.HandleAsync(http, Level.Study));
        MapRead(dicomweb, "/series", (HttpContext http) => search.HandleAsync(http, Level.Series));
        MapRead(dicomweb, "/instances", (HttpContext http) => search.HandleAsync(http, Level.Instance));
        MapRead(dicomweb, StudyPath + "/series", (HttpContext http, string study) => search.HandleAsync(http, Level.Series, study));
        MapRead(dicomweb, StudyPath + "/instances", (HttpContext http, string study) => search.HandleAsync(http, Level.Instance, study));
        MapRead(dicomweb, SeriesPath + "/instances", (HttpContext http, string study, string series) => search.HandleAsync(http, Level.Instance, study, series));
    }

    private static void MapRetrieve(RouteGroupBuilder dicomweb, IServiceProvider services)
    {
        var instances = services.GetRequiredService<RetrieveInstances>();
        MapRead(dicomweb, StudyPath, (HttpContext http, string study) => instances.HandleAsync(http, study));
        MapRead(dicomweb, SeriesPath, (HttpContext http, string study, string series) => instances.HandleAsync(http, study, series));
        MapRead(dicomweb, InstancePath, (HttpContext http, string study, string series, string instance) => instances.HandleAsync(http, study, series, instance));

        var metadata = services.GetRequiredService<RetrieveMetadata>();
        MapRead(dicomweb, StudyPath + "/metadata", (HttpContext http, string study) => metadata.HandleAsync(http, study));
        MapRead(dicomweb, SeriesPath + "/metadata", (HttpContext http, string study, string series) => metadata.HandleAsync(http, study, series));
        MapRead(dicomweb, InstancePath + "/metadata", (HttpContext http, string study, string series, string instance) => metadata.HandleAsync(http, study, series, instance));

        var frames = services.GetRequiredService<RetrieveFrames>();
        MapRead(dicomweb, InstancePath + "/frames/{list}", (HttpContext http, string study, string series, string instance, string list) =>
            frames.HandleAsync(http, study, series, instance, list));

        var bulk = services.GetRequiredService<RetrieveBulkData>();
        MapRead(dicomweb, InstancePath + "/bulkdata/{**path}", (HttpContext http, string study, string series, string instance, string path) =>
            bulk.HandleAsync(http, study, series, instance, path));

        var all = services.GetRequiredService<RetrieveAllBulkData>();
        MapRead(dicomweb, StudyPath + "/bulkdata", (HttpContext http, string study) => all.HandleAsync(http, study));
        MapRead(dicomweb, SeriesPath + "/bulkdata", (HttpContext http, string study, string series) => all.HandleAsync(http, study, series));
        MapRead(dicomweb, InstancePath + "/bulkdata", (HttpContext http, string study, string series, string instance) => all.HandleAsync(http, study, series, instance));
    }

    private static void MapRender(RouteGroupBuilder dicomweb, IServiceProvider services)
    {
        var render = services.GetRequiredService<RenderResources>();
        MapRead(dicomweb, StudyPath + "/rendered", (HttpContext http, string study) => render.HandleAsync(http, study));
        MapRead(dicomweb, SeriesPath + "/rendered", (HttpContext http, string study, string series) => render.HandleAsync(http, study, series));
        MapRead(dicomweb, InstancePath + "/rendered", (HttpContext http, string study, string series, string instance) =>
            render.HandleAsync(http, study, series, instance));
        MapRead(dicomweb, InstancePath + "/frames/{list}/rendered", (HttpContext http, string study, string series, string instance, string list) =>
            render.HandleAsync(http, study, series, instance, list));

        var representative = services.GetRequiredService<RepresentativeImage>();
        MapRead(dicomweb, StudyPath + "/thumbnail", async (HttpContext http, string study) =>
        {
            var series = await representative.OfStudyAsync(http, study);
            await render.HandleThumbnailAsync(http, study, series, await representative.OfSeriesAsync(http, study, series), null);
        });
        MapRead(dicomweb, SeriesPath + "/thumbnail", async (HttpContext http, string study, string series) =>
            await render.HandleThumbnailAsync(http, study, series, await representative.OfSeriesAsync(http, study, series), null));
        MapRead(dicomweb, InstancePath + "/thumbnail", (HttpContext http, string study, string series, string instance) =>
            render.HandleThumbnailAsync(http, study, series, instance, null));
        MapRead(dicomweb, InstancePath + "/frames/{list}/thumbnail", (HttpContext http, string study, string series, string instance, string list) =>
            render.HandleThumbnailAsync(http, study, series, instance, list));
    }

    /// <summary>GET, and HEAD for its headers alone.</summary>
    private static void MapRead(RouteGroupBuilder dicomweb, string pattern, Delegate handler) =>
        dicomweb.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handler);
}
