using MedCloudCare.Gateway.DicomWeb.Query;
using MedCloudCare.Gateway.DicomWeb.Rendering;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Gateway.DicomWeb.Store;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Gateway.DicomWeb;

/// <summary>The addresses of DICOMweb (PS3.18 tables 10.4.1-1, 10.5.1-1, 10.6.1-1) under /dicomweb.</summary>
internal static class DicomWebEndpoints
{
    private const string StudyPath = "/studies/{study}";
    private const string SeriesPath = StudyPath + "/series/{series}";
    private const string InstancePath = SeriesPath + "/instances/{instance}";

    public static void AddDicomWeb(this IServiceCollection services) => services
        .AddSingleton<SearchStudies>()
        .AddSingleton<RetrieveMetadata>()
        .AddSingleton<RetrieveInstances>()
        .AddSingleton<RetrieveFrames>()
        .AddSingleton<RetrieveBulkData>()
        .AddSingleton<RenderInstance>()
        .AddSingleton<StoreInstances>();

    public static void MapDicomWeb(this IEndpointRouteBuilder app)
    {
        var dicomweb = app.MapGroup("/dicomweb");
        MapQuery(dicomweb, app.ServiceProvider.GetRequiredService<SearchStudies>());
        MapRetrieve(dicomweb, app.ServiceProvider);
        MapRender(dicomweb, app.ServiceProvider.GetRequiredService<RenderInstance>());
        var store = app.ServiceProvider.GetRequiredService<StoreInstances>();
        dicomweb.MapPost("/studies", (HttpContext http) => store.HandleAsync(http));
        dicomweb.MapPost(StudyPath, (HttpContext http, string study) => store.HandleAsync(http, study));
    }

    private static void MapQuery(RouteGroupBuilder dicomweb, SearchStudies search)
    {
        dicomweb.MapGet("/studies", (HttpContext http) => search.HandleAsync(http, Level.Study));
        dicomweb.MapGet("/series", (HttpContext http) => search.HandleAsync(http, Level.Series));
        dicomweb.MapGet("/instances", (HttpContext http) => search.HandleAsync(http, Level.Instance));
        dicomweb.MapGet(StudyPath + "/series", (HttpContext http, string study) => search.HandleAsync(http, Level.Series, study));
        dicomweb.MapGet(StudyPath + "/instances", (HttpContext http, string study) => search.HandleAsync(http, Level.Instance, study));
        dicomweb.MapGet(SeriesPath + "/instances", (HttpContext http, string study, string series) => search.HandleAsync(http, Level.Instance, study, series));
    }

    private static void MapRetrieve(RouteGroupBuilder dicomweb, IServiceProvider services)
    {
        var instances = services.GetRequiredService<RetrieveInstances>();
        dicomweb.MapGet(StudyPath, (HttpContext http, string study) => instances.HandleAsync(http, study));
        dicomweb.MapGet(SeriesPath, (HttpContext http, string study, string series) => instances.HandleAsync(http, study, series));
        dicomweb.MapGet(InstancePath, (HttpContext http, string study, string series, string instance) => instances.HandleAsync(http, study, series, instance));

        var metadata = services.GetRequiredService<RetrieveMetadata>();
        dicomweb.MapGet(StudyPath + "/metadata", (HttpContext http, string study) => metadata.HandleAsync(http, study));
        dicomweb.MapGet(SeriesPath + "/metadata", (HttpContext http, string study, string series) => metadata.HandleAsync(http, study, series));
        dicomweb.MapGet(InstancePath + "/metadata", (HttpContext http, string study, string series, string instance) => metadata.HandleAsync(http, study, series, instance));

        var frames = services.GetRequiredService<RetrieveFrames>();
        dicomweb.MapGet(InstancePath + "/frames/{list}", (HttpContext http, string study, string series, string instance, string list) =>
            frames.HandleAsync(http, study, series, instance, list));

        var bulk = services.GetRequiredService<RetrieveBulkData>();
        dicomweb.MapGet(InstancePath + "/bulkdata/{**path}", (HttpContext http, string study, string series, string instance, string path) =>
            bulk.HandleAsync(http, study, series, instance, path));
    }

    private static void MapRender(RouteGroupBuilder dicomweb, RenderInstance render)
    {
        dicomweb.MapGet(SeriesPath + "/thumbnail", (HttpContext http, string study, string series) => render.HandleSeriesAsync(http, study, series));
        foreach (var (name, isThumbnail) in (ReadOnlySpan<(string, bool)>)[("rendered", false), ("thumbnail", true)])
        {
            dicomweb.MapGet($"{InstancePath}/{name}", (HttpContext http, string study, string series, string instance) =>
                render.HandleAsync(http, study, series, instance, null, isThumbnail));
            dicomweb.MapGet($"{InstancePath}/frames/{{frame:int}}/{name}", (HttpContext http, string study, string series, string instance, int frame) =>
                render.HandleAsync(http, study, series, instance, frame, isThumbnail));
        }
    }
}
