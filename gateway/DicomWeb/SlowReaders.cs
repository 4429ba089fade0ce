using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace MedCloudCare.Gateway.DicomWeb;

/// <summary>
/// Ends answers that nobody takes: one that stands still holds a file of study open. A buffer (64 KiB) may take 16 s, after a
/// grace. Over HTTP/2, where a connection carries many answers, the server's own limit holds.
/// </summary>
internal static class SlowReaders
{
    private static readonly MinDataRate Least = new(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(15));

    public static Task LimitAsync(HttpContext http, RequestDelegate next)
    {
        if (HttpProtocol.IsHttp11(http.Request.Protocol) && http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = Least;
        return next(http);
    }
}
