using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using MedCloudCare.Model.V1;
using MedCloudCare.Sandbox;

namespace MedCloudCare.Models.Pods;

/// <summary>
/// One sandboxed process that serves a version: starts it, follows its health and says how it ended. Lives once; a
/// replacement is another object.
/// </summary>
internal sealed class PodReplica : IDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);

    private readonly PodHost _host;
    private readonly PodVersion _version;
    private readonly PodLog _log;
    private readonly uint _user;
    private readonly string _directory;
    private readonly Action _changed;
    private string _lastLine = "";

    public PodReplica(PodHost host, PodVersion version, uint group, PodLog log, Action changed)
    {
        _host = host;
        _version = version;
        _log = log;
        _changed = changed;
        Id = Guid.NewGuid().ToString("N")[..12];
        _user = host.Users.Take();
        _directory = host.Directories.CreateReplica(Id, _user, group);
        Group = group;
    }

    /// <summary>Its name for life.</summary>
    public string Id { get; }

    /// <summary>Where it answers.</summary>
    public string Socket => Path.Combine(_directory, "pod.sock");

    /// <summary>Its state.</summary>
    public Replica.Types.State State { get; private set; } = Replica.Types.State.Starting;

    /// <summary>Whether it was ever ready.</summary>
    public bool WasReady { get; private set; }

    private uint Group { get; }

    private TimeSpan Ping => TimeSpan.FromSeconds(_host.Options.PingSeconds);

    /// <summary>Runs the replica until it ends by itself, does not answer any more, or is cancelled.</summary>
    /// <returns>Why it ended, in words; null when it was cancelled.</returns>
    public async Task<string?> RunAsync(string package, CancellationToken cancellationToken)
    {
        using Process process = _host.Launcher.Start(Spec(package));
        Task output = Task.WhenAll(LineReader.ReadAsync(process.StandardOutput, Keep), LineReader.ReadAsync(process.StandardError, Keep));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task exit = process.WaitForExitAsync(CancellationToken.None);
        Task<string?> health = FollowHealthAsync(ended.Token);
        await Task.WhenAny(exit, health);
        string? unhealthy = health.IsCompletedSuccessfully ? health.Result : null;
        bool byItself = process.HasExited;
        await ended.CancelAsync();
        if (!byItself)
        {
            process.Kill();
        }

        await exit;
        await health;
        await output;
        int kills = _host.Launcher.Cgroups.OutOfMemoryKills(Id);
        if (cancellationToken.IsCancellationRequested)
        {
            return null;
        }

        State = Replica.Types.State.Failed;
        return Reason(process.ExitCode, byItself ? null : unhealthy, kills);
    }

    /// <summary>Releases what the replica had on the host. To be called when <see cref="RunAsync"/> has returned.</summary>
    public void Dispose()
    {
        PodDirectories.Remove(_directory);
        _host.Reaper.Remove(Id);
        _host.Users.Return(_user);
    }

    private string Reason(int code, string? unhealthy, int kills)
    {
        if (unhealthy is not null)
        {
            return unhealthy;
        }

        string memory = kills > 0
            ? string.Create(CultureInfo.InvariantCulture, $"; its memory of {_host.Options.PodMemoryMiB} MiB ran out")
            : "";
        // The server's exit codes; its last line says more.
        return code switch
        {
            3 => _lastLine.Length > 0 ? _lastLine : "the model could not be loaded",
            _ => string.Create(CultureInfo.InvariantCulture, $"the pod ended with code {code}{memory}") + (_lastLine.Length > 0 ? $": {_lastLine}" : ""),
        };
    }

    private void Keep(string line)
    {
        _log.Add(line);
        if (!string.IsNullOrWhiteSpace(line))
        {
            _lastLine = line;
        }
    }

    private SandboxSpec Spec(string package)
    {
        List<string> command =
        [
            "/usr/bin/python3", "-s", "-B", "-m", "medcloudcare.server", "--socket", "/run/pod/pod.sock", "--package", "/model",
            "--infer-type", _version.Task.ToString().ToLowerInvariant(), "--contract", "/opt/runtime/pod.binpb", "--digest", _version.Digest, "--contained",
        ];
        if (SandboxLauncher.UsesHostUsers)
        {
            command.Add("--await-seal");
        }

        if (!_host.Launcher.Cgroups.LimitsMemory)
        {
            command.AddRange(["--memory-mib", _host.Options.PodMemoryMiB.ToString(CultureInfo.InvariantCulture)]);
        }

        SandboxLimits limits = _host.Options.Limits;
        string threads = Math.Max(1, (int)Math.Ceiling(limits.Cpus > 0 ? limits.Cpus : Environment.ProcessorCount)).ToString(CultureInfo.InvariantCulture);
        return new SandboxSpec
        {
            Name = Id,
            Command = command,
            User = _user,
            Group = Group,
            ReadOnly = [(_host.Directories.Runtime, "/opt/runtime"), (package, "/model")],
            Writable = [(_directory, "/run/pod")],
            Environment = new Dictionary<string, string>
            {
                ["PYTHONPATH"] = "/opt/runtime",
                ["PYTHONUNBUFFERED"] = "1",
                ["OMP_NUM_THREADS"] = threads,
                ["OPENBLAS_NUM_THREADS"] = threads,
            },
            Limits = limits,
        };
    }

    /// <summary>Keeps <see cref="State"/> what grpc.health.v1 says. Returns when the pod is not to be kept, with the reason.</summary>
    private async Task<string?> FollowHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            late.CancelAfter(TimeSpan.FromSeconds(_host.Options.StartSeconds));
            try
            {
                while (!Posix.IsSocket(Socket))
                {
                    await Task.Delay(s_poll, late.Token);
                }

                PodDirectories.SealReplica(_directory);
                using GrpcChannel channel = Connect();
                return await WatchAsync(new Health.HealthClient(channel), late, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the model was not ready after {_host.Options.StartSeconds} seconds");
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<string?> WatchAsync(Health.HealthClient client, CancellationTokenSource late, CancellationToken cancellationToken)
    {
        do
        {
            try
            {
                using var call = client.Watch(new HealthCheckRequest(), cancellationToken: late.Token);
                await foreach (HealthCheckResponse answer in call.ResponseStream.ReadAllAsync(late.Token))
                {
                    bool serving = answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
                    State = serving ? Replica.Types.State.Ready : Replica.Types.State.Starting;
                    WasReady |= serving;
                    // A model that is loaded again after a failure gets the same time.
                    late.CancelAfter(serving ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(_host.Options.StartSeconds));
                    _changed();
                }
            }
            catch (Exception error) when (error is RpcException or IOException)
            {
                late.Token.ThrowIfCancellationRequested();
            }

            // The process has usually just ended, and its exit says more; but a connection may also just have been closed.
            await Task.Delay(s_grace, cancellationToken);
        }
        while (await AnswersAsync(client, cancellationToken));
        return "the pod does not answer any more";
    }

    private async Task<bool> AnswersAsync(Health.HealthClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow + Ping, cancellationToken: cancellationToken);
            return true;
        }
        catch (RpcException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    private GrpcChannel Connect()
    {
        string path = Socket;
        return GrpcChannel.ForAddress("http://pod", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                // A pod whose process is stopped keeps its socket open: only a ping finds out.
                KeepAlivePingDelay = Ping,
                KeepAlivePingTimeout = Ping,
                KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    try
                    {
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                        return new NetworkStream(socket, ownsSocket: true);
                    }
                    catch
                    {
                        socket.Dispose();
                        throw;
                    }
                },
            },
        });
    }
}
