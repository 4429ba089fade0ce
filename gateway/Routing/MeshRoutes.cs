using System.Text.RegularExpressions;
using Google.Api;
using Google.Protobuf.Reflection;
using MedCloudCare.Platform.Access;
using Yarp.ReverseProxy.Configuration;

namespace MedCloudCare.Gateway.Routing;

/// <summary>
/// What the gateway passes on, derived from the contracts: the gRPC path and the REST bindings (google.api.http) of every RPC
/// that is meant for people, each exactly. RPCs for services alone, health, reflection and the pods' contract have no route:
/// the services trust this gateway's certificate, so what must not be called from outside must not be passed on.
/// </summary>
internal static partial class MeshRoutes
{
    private const long NoLimit = -1;

    public static IReadOnlyList<RouteConfig> Routes { get; } = [.. PublicMethods.SelectMany(RoutesOf)];

    /// <summary>The RPCs that people may call.</summary>
    public static IEnumerable<MethodDescriptor> PublicMethods =>
        AccessTable.Files.SelectMany(f => f.Services).SelectMany(s => s.Methods).Where(AccessTable.IsPublic);

    /// <summary>One cluster for each service: HTTP/2 over mutual TLS.</summary>
    public static IReadOnlyList<ClusterConfig> ClustersOf(IReadOnlyDictionary<string, string> services) =>
        [.. services.Select(s => new ClusterConfig
        {
            ClusterId = s.Key,
            Destinations = new Dictionary<string, DestinationConfig> { [s.Key] = new() { Address = s.Value } },
            HttpRequest = new()
            {
                Version = System.Net.HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,

                // Streams that wait for news (jobs) are silent for long; HTTP/2 pings find dead peers sooner.
                ActivityTimeout = TimeSpan.FromMinutes(10),
            },
        })];

    /// <summary>The package's middle part: medcloudcare.<c>study</c>.v1.</summary>
    public static string ServiceOf(MethodDescriptor method) => method.File.Package.Split('.')[1];

    /// <summary><c>/v1/{name=jobs/*}:watch</c> as ASP.NET writes it: <c>/v1/jobs/{s0}:watch</c>.</summary>
    public static string PatternOf(string template)
    {
        var segments = 0;
        return Variable().Replace(template, v => Wildcard().Replace(
            v.Groups["segments"].Success ? v.Groups["segments"].Value : "*",
            w => w.Value == "*" ? $"{{s{segments++}}}" : throw new NotSupportedException($"{template}: only single wildcards are used in the contracts.")));
    }

    private static IEnumerable<RouteConfig> RoutesOf(MethodDescriptor method)
    {
        var service = ServiceOf(method);
        yield return new RouteConfig
        {
            RouteId = method.FullName,
            ClusterId = service,
            Match = new() { Path = AccessTable.NameOf(method), Methods = [HttpMethods.Post] },
            MaxRequestBodySize = method.IsClientStreaming ? NoLimit : null,
            Metadata = new Dictionary<string, string> { [ForwardedBodies.Mark] = method.IsClientStreaming.ToString() },
        };
        if (method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule) yield break;
        foreach (var (binding, number) in rule.AdditionalBindings.Prepend(rule).Select((b, i) => (b, i)))
        {
            var (verb, template) = BindingOf(binding);
            yield return new RouteConfig
            {
                RouteId = $"{method.FullName} {verb} {number}",
                ClusterId = service,
                Match = new() { Path = PatternOf(template), Methods = [verb] },
            };
        }
    }

    private static (string Verb, string Template) BindingOf(HttpRule rule) => rule.PatternCase switch
    {
        HttpRule.PatternOneofCase.Get => (HttpMethods.Get, rule.Get),
        HttpRule.PatternOneofCase.Post => (HttpMethods.Post, rule.Post),
        HttpRule.PatternOneofCase.Put => (HttpMethods.Put, rule.Put),
        HttpRule.PatternOneofCase.Patch => (HttpMethods.Patch, rule.Patch),
        HttpRule.PatternOneofCase.Delete => (HttpMethods.Delete, rule.Delete),
        _ => throw new NotSupportedException("A binding without a method."),
    };

    [GeneratedRegex(@"\{[^=}]+(=(?<segments>[^}]+))?\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\*+")]
    private static partial Regex Wildcard();
}
