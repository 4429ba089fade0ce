using System.Net;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using MedCloudCare.Auth.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Data;
using MedCloudCare.Platform.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MedCloudCare.Platform.Hosting;

/// <summary>A host under construction: ASP.NET's builder and what the mesh knows.</summary>
public sealed class MeshBuilder(WebApplicationBuilder inner, MeshOptions mesh, MeshCertificates certificates)
{
    /// <summary>ASP.NET's builder.</summary>
    public WebApplicationBuilder Inner => inner;

    /// <summary>The <c>Mesh</c> section.</summary>
    public MeshOptions Mesh => mesh;

    /// <summary>This process's certificates.</summary>
    public MeshCertificates Certificates => certificates;

    /// <summary>Services of the host.</summary>
    public IServiceCollection Services => inner.Services;

    /// <summary>All of the configuration.</summary>
    public IConfiguration Configuration => inner.Configuration;

    /// <summary>Ends construction.</summary>
    public WebApplication Build() => inner.Build();
}

/// <summary>What every host of the mesh does alike.</summary>
public static class MeshHost
{
    /// <summary>Exit code of a process whose data belong to a newer release (sysexits.h: EX_CONFIG).</summary>
    public const int NewerDataExitCode = 78;

    // Chunks are at most 256 KiB; the rest of a message is small.
    internal const int MaximumRequestMessage = 1024 * 1024;

    private const int StreamWindow = 1024 * 1024;

    /// <summary>A host that serves gRPC and transcoded REST to its peers over mutual TLS.</summary>
    public static MeshBuilder CreateBuilder(string[] args, MeshServiceOptions service)
    {
        var builder = CreateBareBuilder(args, service.Name);
        builder.Inner.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, builder, service));
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaximumRequestMessage;
            options.EnableDetailedErrors = false;
            options.Interceptors.Add<ErrorInterceptor>();
            options.Interceptors.Add<AccessInterceptor>();
        }).AddJsonTranscoding(options => options.TypeRegistry = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor));
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks();
        builder.Services.AddSingleton<TokenValidator>();
        builder.Services.AddSingleton<SigningKeyCache>();
        if (service.Name != "auth")
        {
            builder.Services.AddMeshClient<AuthService.AuthServiceClient>("auth");
            builder.Services.TryAddSingleton<ISigningKeySource, MeshSigningKeySource>();
        }

        return builder;
    }

    /// <summary>A host with configuration, certificates, clients, logs and telemetry, whose endpoints are its own affair (the gateway).</summary>
    public static MeshBuilder CreateBareBuilder(string[] args, string name)
    {
        var inner = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            // The host watches its content root for changed settings, with every directory below: never the working directory,
            // which may be the root of the file system (a walk of minutes), and not at all, since settings are read once.
            ContentRootPath = AppContext.BaseDirectory,
            Args = [.. args, "--hostBuilder:reloadConfigOnChange=false"],
        });
        inner.WebHost.UseKestrelHttpsConfiguration();
        inner.Services.AddSingleton<IMemoryPoolFactory<byte>, BlockPoolFactory>();
        if (Environment.GetEnvironmentVariable("MCC_CONFIG") is { Length: > 0 } file)
        {
            inner.Configuration.AddJsonFile(file, optional: false, reloadOnChange: false);
        }

        var mesh = inner.Configuration.GetSection("Mesh").Get<MeshOptions>() ?? new MeshOptions();
        mesh.Service = name;
        var certificates = MeshCertificates.Load(mesh.Pki, name);
        inner.Services.AddSingleton(mesh);
        inner.Services.AddSingleton(certificates);
        inner.Services.AddSingleton<MeshChannels>();
        inner.Services.AddSingleton(provider => new StudyStreams(provider.GetRequiredService<MeshChannels>().For("study")));
        inner.Services.AddSingleton(TimeProvider.System);
        inner.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(10));
        ConfigureLogging(inner.Logging);
        MeshTelemetry.Add(inner.Services, mesh);
        return new MeshBuilder(inner, mesh, certificates);
    }

    /// <summary>Adds a typed client of a service of the mesh.</summary>
    public static IServiceCollection AddMeshClient<TClient>(this IServiceCollection services, string service)
        where TClient : ClientBase<TClient>
    {
        services.TryAddSingleton(provider =>
            (TClient)Activator.CreateInstance(typeof(TClient), provider.GetRequiredService<MeshChannels>().For(service))!);
        return services;
    }

    /// <summary>Maps the service's RPCs with health, reflection and metrics.</summary>
    public static void MapMesh(this WebApplication app, Action<IEndpointRouteBuilder> services)
    {
        MapMetrics(app);
        app.Use(FrameworkErrors.TypeAsync);
        services(app);
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
    }

    /// <summary>Metrics in Prometheus' format, for the operator's certificate only.</summary>
    public static void MapMetrics(WebApplication app)
    {
        app.UseWhen(c => c.Request.Path == "/metrics", branch => branch.Use(async (HttpContext context, RequestDelegate next) =>
        {
            if (MeshCertificates.ServiceOf(context.Connection.ClientCertificate) == "operator")
            {
                await next(context);
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
        }));
        app.MapPrometheusScrapingEndpoint();
    }

    /// <summary>Migrates, then serves until the process is told to stop.</summary>
    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunMeshAsync(this WebApplication app)
    {
        try
        {
            foreach (var step in app.Services.GetServices<IStartStep>())
            {
                await step.RunAsync(app.Lifetime.ApplicationStopping);
            }
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (StartRefusedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return NewerDataExitCode;
        }

        await app.RunAsync();
        return 0;
    }

    private static void Listen(KestrelServerOptions kestrel, MeshBuilder builder, MeshServiceOptions service)
    {
        var address = new Uri(builder.Mesh.Listen);
        kestrel.AddServerHeader = false;
        kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindow;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 * StreamWindow;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 512;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
        kestrel.Limits.MaxRequestBodySize = MaximumRequestMessage;
        var ip = address.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(address.Host);
        kestrel.Listen(ip, address.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = builder.Certificates.Own;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => builder.Certificates.Accepts(certificate, service.Peers);
            });
        });
    }

    /// <summary>Log lines of the framework quote URLs and SQL, which may hold patient data: warnings only.</summary>
    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            o.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
        });
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("MedCloudCare", LogLevel.Information);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);

        // It logs handler exceptions with their messages; the error interceptor has logged them already, without.
        logging.AddFilter("Grpc.AspNetCore.Server", LogLevel.None);
        logging.AddFilter("Microsoft.AspNetCore.Grpc.JsonTranscoding", LogLevel.None);
        logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.None);
    }
}
