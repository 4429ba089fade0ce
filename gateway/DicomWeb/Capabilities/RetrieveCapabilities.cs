using MedCloudCare.Gateway.DicomWeb.Negotiation;

namespace MedCloudCare.Gateway.DicomWeb.Capabilities;

/// <summary>Retrieve Capabilities (PS3.18 §8.9). The document says nothing of what is stored, so that no token is asked for.</summary>
internal static class RetrieveCapabilities
{
    private static readonly Representation[] Offers = [.. CapabilityDocument.MediaTypes.Select(t => new Representation(t, false))];

    /// <summary>GET of the document.</summary>
    public static async Task HandleAsync(HttpContext http)
    {
        var mediaType = Acceptable.Of(http.Request).Choose(Offers).MediaType;
        http.Response.ContentType = mediaType;
        await http.Response.BodyWriter.WriteAsync(CapabilityDocument.Write(http.Request.DicomWebUrl(), mediaType), http.RequestAborted);
    }

    /// <summary>OPTIONS of any address: the methods that it knows, and of the service itself the document.</summary>
    public static Task OptionsAsync(HttpContext http, RequestDelegate next)
    {
        if (!HttpMethods.IsOptions(http.Request.Method)) return next(http);
        var path = http.Request.Path.Value!["/dicomweb".Length..].Trim('/');
        if (path.Length == 0)
        {
            http.Response.Headers.Allow = "GET, HEAD, POST, DELETE, OPTIONS";
            return HandleAsync(http);
        }

        var methods = WebResources.All.Where(r => r.Fits(path)).SelectMany(r => r.Methods).Select(m => m.Verb).Distinct().ToList();
        if (methods.Count == 0)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        if (methods.Contains("GET")) methods.Add("HEAD");
        http.Response.Headers.Allow = string.Join(", ", methods.Append("OPTIONS"));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}
