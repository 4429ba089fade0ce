using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MedCloudCare.IntegrationTests.Privacy;

/// <summary>Receives OTLP over gRPC, as a collector does, and keeps every byte of it.</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly MemoryStream received = new();
    private readonly Lock writing = new();

    private TraceCollector(WebApplication app) => this.app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Exports of spans that have come in.</summary>
    public int Traces { get; private set; }

    public byte[] Received
    {
        get
        {
            lock (writing)
            {
                return received.ToArray();
            }
        }
    }

    public static async Task<TraceCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var collector = new TraceCollector(builder.Build());
        collector.app.MapPost("/opentelemetry.proto.collector.{signal}.v1.{service}/Export", collector.ExportAsync);
        await collector.app.StartAsync();
        collector.Address = new Uri(collector.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return collector;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ExportAsync(HttpContext http, string signal)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        lock (writing)
        {
            body.WriteTo(received);
            Traces += signal == "trace" ? 1 : 0;
        }

        http.Response.ContentType = "application/grpc";
        http.Response.DeclareTrailer("grpc-status");
        await http.Response.Body.WriteAsync(new byte[5]);
        http.Response.AppendTrailer("grpc-status", "0");
    }
}
