using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MedCloudCare.Platform.Hosting;

/// <summary>Traces and metrics of a host. Sources and meters are named <c>MedCloudCare.{Service}</c>.</summary>
internal static class MeshTelemetry
{
    private const string OwnSources = "MedCloudCare.*";

    public static void Add(IServiceCollection services, MeshOptions mesh)
    {
        var export = mesh.Otlp.Length > 0;
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("medcloudcare-" + mesh.Service))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(OwnSources).AddMeter("Npgsql").AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter();
                if (export)
                {
                    metrics.AddOtlpExporter(o => o.Endpoint = new Uri(mesh.Otlp));
                }
            });

        // Spans that nobody collects would only cost time on the hot paths.
        if (export)
        {
            telemetry.WithTracing(traces => traces
                .AddSource(OwnSources)
                .AddAspNetCoreInstrumentation()
                .AddGrpcClientInstrumentation()
                .AddNpgsql()
                .AddOtlpExporter(o => o.Endpoint = new Uri(mesh.Otlp)));
        }
    }
}
