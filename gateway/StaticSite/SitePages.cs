using System.Text.RegularExpressions;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace MedCloudCare.Gateway.StaticSite;

/// <summary>
/// The pages: the portal under /app/, our viewer extension under /ohif-ext/, the OHIF dist at the root with our app-config.js
/// in place of its own. Addresses without a file behind them that a page's own router knows get that page.
/// </summary>
internal sealed partial class SitePages
{
    private const string Immutable = "public, max-age=31536000, immutable";
    private const string Revalidate = "no-cache";

    /// <summary>First segments of addresses that are no pages.</summary>
    private static readonly string[] Reserved = ["v1", "dicomweb", "session", "healthz", "metrics", ".well-known"];

    private readonly FileExtensionContentTypeProvider _types = new();
    private readonly IFileProvider _portal;
    private readonly IFileProvider _extension;
    private readonly IFileProvider _ohif;
    private readonly string _viewerPolicy;

    public SitePages(GatewayOptions options, ILogger<SitePages> log)
    {
        _types.Mappings[".mjs"] = "text/javascript";
        _types.Mappings[".wasm"] = "application/wasm";
        _portal = Open(options.Portal, "portal", log);
        _extension = Open(options.Extension, "viewer extension", log);
        _ohif = Open(options.Ohif, "viewer", log);
        _viewerPolicy = ContentPolicies.OfViewer(ReadIndex(_ohif));
    }

    public static void Map(WebApplication app)
    {
        var pages = app.Services.GetRequiredService<SitePages>();
        app.MapWhen(http => IsPage(http.Request.Path), site =>
        {
            site.Use(pages.RedirectAsync);
            site.UseStaticFiles(pages.Files("/app", pages._portal, ContentPolicies.Portal));
            site.UseStaticFiles(pages.Files("/ohif-ext", pages._extension, ContentPolicies.ViewerWorker));
            site.UseStaticFiles(pages.Files("", pages._ohif, ContentPolicies.ViewerWorker));
            site.Run(pages.FallBackAsync);
        });
    }

    /// <summary>Whether an address belongs to the pages and not to an interface.</summary>
    public static bool IsPage(PathString path)
    {
        var rest = (path.Value ?? "").AsSpan().TrimStart('/');
        var end = rest.IndexOfAny('/', ':');
        var first = end < 0 ? rest : rest[..end];
        foreach (var reserved in Reserved)
        {
            if (first.Equals(reserved, StringComparison.OrdinalIgnoreCase)) return false;
        }

        // gRPC: /package.Service/Method
        return !(first.StartsWith("medcloudcare.", StringComparison.OrdinalIgnoreCase) || first.StartsWith("grpc.", StringComparison.OrdinalIgnoreCase));
    }

    private Task RedirectAsync(HttpContext http, RequestDelegate next)
    {
        var path = http.Request.Path.Value;
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            http.Response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        switch (path)
        {
            case "/" or "/app":
                http.Response.Redirect("/app/");
                return Task.CompletedTask;

            case "/app-config.js":
                return SendAsync(http, _extension.GetFileInfo("app-config.js"), ContentPolicies.ViewerWorker);

            // Pages always go through the fallback, which sets their policy.
            case "/index.html" or "/app/index.html":
                return FallBackAsync(http);
        }

        return next(http);
    }

    /// <summary>The page whose router knows the address; an address that looks like a file has none.</summary>
    private Task FallBackAsync(HttpContext http)
    {
        var path = http.Request.Path;
        if (path.StartsWithSegments("/app"))
        {
            return IsRoute(path) ? SendAsync(http, _portal.GetFileInfo("index.html"), ContentPolicies.Portal) : NotFoundAsync(http);
        }

        return IsRoute(path) && !path.StartsWithSegments("/ohif-ext") ? SendAsync(http, _ohif.GetFileInfo("index.html"), _viewerPolicy) : NotFoundAsync(http);
    }

    private static bool IsRoute(PathString path) => path.Value is { } value && (value.EndsWith("/index.html", StringComparison.Ordinal) || !Path.HasExtension(value));

    private static Task NotFoundAsync(HttpContext http) =>
        HttpErrors.WriteAsync(http, MeshErrors.Of(Grpc.Core.StatusCode.NotFound, Reason.NotFound, "There is nothing at this address."));

    private async Task SendAsync(HttpContext http, IFileInfo file, string policy)
    {
        if (!file.Exists)
        {
            await NotFoundAsync(http);
            return;
        }

        _types.TryGetContentType(file.Name, out var type);
        http.Response.ContentType = type;
        http.Response.ContentLength = file.Length;
        http.Response.Headers.CacheControl = Revalidate;
        http.Response.Headers.ContentSecurityPolicy = policy;
        if (HttpMethods.IsGet(http.Request.Method)) await http.Response.SendFileAsync(file, http.RequestAborted);
    }

    private StaticFileOptions Files(string path, IFileProvider files, string policy) => new()
    {
        RequestPath = path,
        FileProvider = files,
        ContentTypeProvider = _types,
        OnPrepareResponse = context =>
        {
            context.Context.Response.Headers.CacheControl = HashedName().IsMatch(context.File.Name) ? Immutable : Revalidate;
            context.Context.Response.Headers.ContentSecurityPolicy = policy;
        },
    };

    private static IFileProvider Open(string directory, string what, ILogger log)
    {
        if (Directory.Exists(directory)) return new PhysicalFileProvider(Path.GetFullPath(directory));
        LogMissing(log, what, directory);
        return new NullFileProvider();
    }

    private static string ReadIndex(IFileProvider files)
    {
        var index = files.GetFileInfo("index.html");
        if (!index.Exists) return "";
        using var reader = new StreamReader(index.CreateReadStream());
        return reader.ReadToEnd();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The {What} is not served: there is no directory {Directory}")]
    private static partial void LogMissing(ILogger log, string what, string directory);

    /// <summary>Names that bundlers make of their content: index-B9bOGJmn.css, app.bundle.0f6159c501addfe9.js, 34b1e6b1deb5828e.wasm.</summary>
    [GeneratedRegex(@"^([0-9a-f]{16,}|.*(\.[0-9a-f]{16,}|-[0-9A-Za-z_-]{8}))\.[a-z0-9]+$")]
    private static partial Regex HashedName();
}
