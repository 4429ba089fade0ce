using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Yarp.ReverseProxy.Model;

namespace MedCloudCare.Gateway.Routing;

/// <summary>
/// Bodies of what is passed on. Client streams may pause (an upload waits for the disk, a model's files for their reader): no
/// minimum rate for them. Other bodies that say that they are too large are refused before anything is passed on.
/// </summary>
internal static class ForwardedBodies
{
    /// <summary>Name of the route metadata that says whether the request is a stream.</summary>
    public const string Mark = "ClientStreaming";

    public static Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        var route = http.GetEndpoint()?.Metadata.GetMetadata<RouteModel>()?.Config;
        if (route is null) return next(http);
        if (route.Metadata?.GetValueOrDefault(Mark) == bool.TrueString)
        {
            if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        }
        else if (http.RequestServices.GetRequiredService<GatewayOptions>().Limits.BodyBytes is var most && http.Request.ContentLength > most)
        {
            throw MeshErrors.Limit("request body", most);
        }

        return next(http);
    }
}
