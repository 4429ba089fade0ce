using System.Diagnostics;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Hosting;
using MedCloudCare.Study.V1;
using MedCloudCare.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MedCloudCare.Benchmarks;

/// <summary>
/// The baseline of the mesh's streams: the same contract, chunks and mutual TLS between two processes, with nothing behind it.
/// Runs as a process of its own: <c>… bare PORT PKI BYTES</c>.
/// </summary>
internal sealed class BareService : StudyService.StudyServiceBase, IAsyncDisposable
{
    private const int Chunk = 64 * 1024;
    private readonly long _bytes;
    private readonly Process? _process;

    private BareService(long bytes, Process? process = null)
    {
        _bytes = bytes;
        _process = process;
    }

    /// <summary>Where it listens.</summary>
    public GrpcChannel Channel { get; private set; } = null!;

    /// <summary>Starts it as a process with the study service's certificate.</summary>
    public static async Task<BareService> StartAsync(MeshFixture mesh, long bytes)
    {
        var pki = Path.Combine(mesh.Data, "pki");
        var start = new ProcessStartInfo("dotnet", [typeof(BareService).Assembly.Location, "bare", pki, bytes.ToString(System.Globalization.CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        var process = Process.Start(start)!;
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The bare service did not start.");
        return new BareService(bytes, process)
        {
            Channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = MeshChannels.Handler(MeshCertificates.Load(pki, "operator"), "study"), DisposeHttpClient = true }),
        };
    }

    /// <summary>The process itself.</summary>
    public static async Task ServeAsync(string pki, long bytes)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        var certificates = MeshCertificates.Load(pki, "study");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificates.Own;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => certificates.Accepts(certificate, ["operator"]);
            });
        }));
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = 1 << 20);
        builder.Services.AddSingleton(new BareService(bytes));
        await using var app = builder.Build();
        app.MapGrpcService<BareService>();
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await app.WaitForShutdownAsync();
    }

    public override async Task RetrieveSeries(RetrieveSeriesRequest request, IServerStreamWriter<RetrieveInstancesResponse> responses, ServerCallContext context)
    {
        var data = UnsafeByteOperations.UnsafeWrap(new byte[Chunk]);
        for (long left = _bytes; left > 0; left -= Chunk)
        {
            await responses.WriteAsync(new RetrieveInstancesResponse { Data = data });
        }
    }

    public override async Task<UploadInstancesResponse> UploadInstances(IAsyncStreamReader<UploadInstancesRequest> requests, ServerCallContext context)
    {
        while (await requests.MoveNext(context.CancellationToken))
        {
        }

        return new UploadInstancesResponse();
    }

    /// <summary>Sends what an upload of these files would.</summary>
    public async Task ReceiveAsync(IReadOnlyList<byte[]> files)
    {
        using var call = new StudyService.StudyServiceClient(Channel).UploadInstances();
        foreach (var file in files)
        {
            for (var offset = 0; offset < file.Length; offset += Chunk)
            {
                await call.RequestStream.WriteAsync(new UploadInstancesRequest { Data = UnsafeByteOperations.UnsafeWrap(file.AsMemory(offset, Math.Min(Chunk, file.Length - offset))) });
            }
        }

        await call.RequestStream.CompleteAsync();
        await call;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Channel.Dispose();
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
