using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.RateLimiting;

namespace MedCloudCare.Gateway.Hosting;

/// <summary>
/// How often one address may ask: little where passwords and tokens are tried or accounts are made, much elsewhere. IPv6
/// addresses count by their /64 network, which is what one subscriber has.
/// </summary>
internal static class RateLimits
{
    private static readonly string[] AccountPaths = ["/session", "/v1/sessions", "/v1/accounts:register", "/medcloudcare.auth.v1.AuthService"];

    public static void Configure(RateLimiterOptions limiter, GatewayLimits limits)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
        {
            var address = KeyOf(http.Connection.RemoteIpAddress);
            return IsAboutAccounts(http.Request.Path)
                ? RateLimitPartition.GetTokenBucketLimiter("account " + address, _ => Bucket(limits.SessionBurst, limits.SessionPerMinute, TimeSpan.FromMinutes(1)))
                : RateLimitPartition.GetTokenBucketLimiter("any " + address, _ => Bucket(limits.RequestBurst, limits.RequestsPerSecond, TimeSpan.FromSeconds(1)));
        });
        limiter.OnRejected = async (rejected, _) =>
        {
            var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var delay) ? delay : TimeSpan.FromSeconds(1);
            await HttpErrors.WriteAsync(rejected.HttpContext, MeshErrors.RateLimited("Too many requests from this address.", wait));
        };
    }

    public static bool IsAboutAccounts(PathString path)
    {
        var value = path.Value ?? "";
        return Array.Exists(AccountPaths, p => value.StartsWith(p, StringComparison.OrdinalIgnoreCase));
    }

    public static string KeyOf(IPAddress? address)
    {
        if (address is null) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6) return address.ToString();
        return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)).ToLower(CultureInfo.InvariantCulture);
    }

    // Refilled every hundredth of the period (at least one token), so that a client is not held up for all of it.
    private static TokenBucketRateLimiterOptions Bucket(int burst, int perPeriod, TimeSpan period)
    {
        var steps = Math.Min(perPeriod, 100);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = Math.Max(1, perPeriod / steps),
            ReplenishmentPeriod = period / steps,
            AutoReplenishment = true,
            QueueLimit = 0,
        };
    }
}
