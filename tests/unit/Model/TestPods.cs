using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using MedCloudCare.Model.V1;
using MedCloudCare.Models.Pods;
using MedCloudCare.Sandbox;
using MedCloudCare.Pod.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Models.Tests;

/// <summary>A real orchestrator with real sandboxes, over directories of its own.</summary>
internal sealed class TestPods : IAsyncDisposable
{
    private readonly ILoggerFactory _logs = LoggerFactory.Create(b => b.AddConsole());
    private readonly PodHost _host;
    private readonly PodDirectories _directories;
    private readonly ProcessOrchestrator _orchestrator;

    public TestPods(int replicas = 1, double idleMinutes = 10, int memoryMiB = 512, int processes = 128, double pingSeconds = 5)
    {
        Skip.IfNot(File.Exists("/usr/bin/python3"), "Debian's Python is not installed.");
        Skip.If(SandboxLauncher.Obstacle() is not null, "Sandboxes cannot run here: " + SandboxLauncher.Obstacle());
        Home = Directory.CreateTempSubdirectory("mcc-model-").FullName;
        Options = new PodOptions
        {
            Pods = Path.Combine(Home, "pods"),
            Runtime = Path.Combine(Repository.Root, "services", "pods", "python"),
            Replicas = replicas,
            IdleMinutes = idleMinutes,
            PodMemoryMiB = memoryMiB,
            PodTemporaryMiB = 64,
            PodProcesses = processes,
            StartSeconds = 90,
            PingSeconds = pingSeconds,
        };
        _directories = new PodDirectories(Options, _logs.CreateLogger<PodDirectories>());
        _host = new PodHost(Options, _directories);
        _orchestrator = new ProcessOrchestrator(
            Microsoft.Extensions.Options.Options.Create(Options), _host, TimeProvider.System, _logs.CreateLogger<ProcessOrchestrator>());
        _orchestrator.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    public string Home { get; }

    public PodOptions Options { get; }

    public PodHost Host => _host;

    public IPodOrchestrator Orchestrator => _orchestrator;

    /// <summary>A version whose package is one main.py.</summary>
    public static PodVersion Version(string code, InferType task = InferType.Processing)
    {
        string main = "import os, sys, time\nfrom medcloudcare import *\n" + code;
        return new PodVersion(
            new VersionName(Guid.NewGuid(), 1), task, "sha256:test", main.Length,
            (directory, cancellation) => File.WriteAllTextAsync(Path.Combine(directory, "main.py"), main, cancellation));
    }

    /// <summary>A version whose <c>run</c> has this body.</summary>
    public static PodVersion Running(string body) => Version(
        "class Model(Application):\n    infer_type = InferType.PROCESSING\n    def run(self, task):\n"
        + string.Join('\n', body.Split('\n').Select(l => "        " + l)) + "\n        return Measurements([])\n");

    /// <summary>The replicas of a version as soon as they are as asked.</summary>
    public async Task<ReplicaSet> WaitAsync(PodVersion version, Func<ReplicaSet, bool> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        ReplicaSet? last = null;
        await foreach (ReplicaSet set in _orchestrator.WatchAsync(version, late.Token))
        {
            last = set;
            if (condition(set))
            {
                return set;
            }
        }

        throw new TimeoutException($"The replicas stayed {last}; {_orchestrator.Report(version.Name).LastFailure}; {string.Join(" | ", _orchestrator.Report(version.Name).Log)}");
    }

    /// <summary>Runs a version on a small series.</summary>
    public async Task<Outcome> InferAsync(PodVersion version)
    {
        ReplicaSet set = await WaitAsync(version, s => s.Replicas.Any(r => r.State == Replica.Types.State.Ready));
        return await InferAsync(set.Replicas.First(r => r.State == Replica.Types.State.Ready));
    }

    /// <summary>Runs a replica on a small series.</summary>
    public static async Task<Outcome> InferAsync(Replica replica, string job = "job")
    {
        using GrpcChannel channel = Connect(replica.Endpoint);
        using var call = new PodService.PodServiceClient(channel).Infer(deadline: DateTime.UtcNow.AddSeconds(100));
        byte[] file = SmallDicom.Image();
        await call.RequestStream.WriteAsync(new InferRequest { Start = new InferRequest.Types.Start { Job = job, InstanceCount = 1 } });
        await call.RequestStream.WriteAsync(new InferRequest { Instance = new InferRequest.Types.Instance { Size = file.Length } });
        await call.RequestStream.WriteAsync(new InferRequest { Data = ByteString.CopyFrom(file) });
        await call.RequestStream.WriteAsync(new InferRequest { End = new InferRequest.Types.End() });
        var outcome = new Outcome();
        await foreach (InferResponse response in call.ResponseStream.ReadAllAsync())
        {
            outcome.Failure ??= response.Failure;
            outcome.Done |= response.Done is not null;
            if (response.Log is not null)
            {
                outcome.Log.Add(response.Log.Line);
            }
        }

        return outcome;
    }

    public async ValueTask DisposeAsync()
    {
        await _orchestrator.DisposeAsync();
        _host.Dispose();
        _logs.Dispose();
        _directories.Dispose();
        Directory.Delete(Home, recursive: true);
    }

    private static GrpcChannel Connect(string endpoint) => GrpcChannel.ForAddress("http://pod", new GrpcChannelOptions
    {
        DisposeHttpClient = true,
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint["unix://".Length..]), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
    });

    internal sealed class Outcome
    {
        public Failure? Failure { get; set; }

        public bool Done { get; set; }

        public List<string> Log { get; } = [];
    }
}
