using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Yarp.ReverseProxy.Model;

namespace MedCloudCare.Gateway.Routing;

/// <summary>Client streams may pause (an upload waits for the disk, a model's files for their reader): no minimum rate for them.</summary>
internal static class StreamingBodies
{
    /// <summary>Name of the route metadata that says whether the request is a stream.</summary>
    public const string Mark = "ClientStreaming";

    public static Task AllowPauses(HttpContext http, RequestDelegate next)
    {
        var metadata = http.GetEndpoint()?.Metadata.GetMetadata<RouteModel>()?.Config.Metadata;
        if (metadata is not null && metadata.TryGetValue(Mark, out var streams) && streams == bool.TrueString
            && http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        return next(http);
    }
}
