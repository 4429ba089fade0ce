using System.Runtime.CompilerServices;
using MedCloudCare.Model.V1;
using MedCloudCare.Sandbox;
using Microsoft.Extensions.Options;

namespace MedCloudCare.Models.Pods;

/// <summary>Runs pods as sandboxed processes of this host. They end with the service, however it ends.</summary>
public sealed partial class ProcessOrchestrator : IPodOrchestrator, IHostedService, IAsyncDisposable
{
    private const int RememberedLogs = 1000;

    // A version that was started ahead of its use and is not used.
    private static readonly TimeSpan s_warmTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_sweepEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<VersionName, VersionPods> _awake = [];
    private readonly Dictionary<VersionName, PodLog> _logs = [];
    private readonly PodOptions _options;
    private readonly PodHost _host;
    private readonly TimeProvider _time;
    private readonly ILogger<ProcessOrchestrator> _logger;
    private readonly CancellationTokenSource _stop = new();
    private Task _sweeping = Task.CompletedTask;
    private bool _ended;

    /// <param name="options">Replicas, idle time and limits.</param>
    /// <param name="host">What replicas share.</param>
    /// <param name="time">Clock of idle times.</param>
    /// <param name="logger">Says what the host lets us limit.</param>
    public ProcessOrchestrator(IOptions<PodOptions> options, PodHost host, TimeProvider time, ILogger<ProcessOrchestrator> logger)
    {
        _options = options.Value;
        _host = host;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        string users = SandboxLauncher.UsesHostUsers ? "a host user each" : "this service's user";
        string controllers = string.Join(", ", _host.Launcher.Cgroups.Usable);
        LogHost(users, controllers);
        if (!_host.Launcher.Cgroups.LimitsMemory)
        {
            LogNoCgroups();
        }

        if (SandboxLauncher.Obstacle() is { } obstacle)
        {
            LogObstacle(obstacle);
        }

        _sweeping = SweepAsync();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        VersionPods[] all;
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            all = [.. _awake.Values];
            _awake.Clear();
        }

        await _stop.CancelAsync();
        await _sweeping;
        await Task.WhenAll(all.Select(v => v.DisposeAsync().AsTask()));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReplicaSet> WatchAsync(PodVersion version, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        VersionPods pods;
        lock (_lock)
        {
            pods = Wake(version);
            pods.Attach();
        }

        try
        {
            ReplicaSet? last = null;
            while (!cancellationToken.IsCancellationRequested)
            {
                (ReplicaSet set, Task changed) = pods.Snapshot();
                if (!set.Equals(last))
                {
                    last = set;
                    yield return set;
                }

                await changed.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            lock (_lock)
            {
                pods.Detach();
            }
        }
    }

    /// <inheritdoc/>
    public void Warm(PodVersion version)
    {
        lock (_lock)
        {
            if (!_ended)
            {
                Wake(version);
            }
        }
    }

    /// <inheritdoc/>
    public PodReport Report(VersionName version)
    {
        lock (_lock)
        {
            PodLog? log = _logs.GetValueOrDefault(version);
            ReplicaSet replicas = _awake.TryGetValue(version, out VersionPods? pods) ? pods.Snapshot().Replicas : new ReplicaSet();
            return new PodReport(replicas, log?.LastFailure ?? "", log?.Lines ?? []);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Registered under two types, the container disposes it twice.
        await StopAsync(CancellationToken.None);
        _stop.Dispose();
    }

    private VersionPods Wake(PodVersion version)
    {
        if (_ended)
        {
            throw new OperationCanceledException("The service is stopping.");
        }

        if (!_awake.TryGetValue(version.Name, out VersionPods? pods))
        {
            if (_logs.Count >= RememberedLogs)
            {
                foreach (VersionName name in _logs.Keys.Where(n => !_awake.ContainsKey(n)).Take(RememberedLogs / 2).ToArray())
                {
                    _logs.Remove(name);
                }
            }

            if (!_logs.TryGetValue(version.Name, out PodLog? log))
            {
                _logs[version.Name] = log = new PodLog();
            }

            _awake[version.Name] = pods = new VersionPods(_host, version, log, _time, _logger);
            LogWoken(version.Name);
        }

        return pods;
    }

    private bool IsTired(VersionPods pods)
    {
        TimeSpan patience = TimeSpan.FromMinutes(_options.IdleMinutes);
        if (!pods.WasWatched && patience > s_warmTime)
        {
            patience = s_warmTime;
        }

        return pods.IdleSince is { } since && _time.GetUtcNow() - since >= patience;
    }

    /// <summary>Puts versions to sleep that nobody has watched for a while.</summary>
    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(s_sweepEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                List<VersionPods> idle = [];
                lock (_lock)
                {
                    idle.AddRange(_awake.Values.Where(IsTired));
                    idle.ForEach(v => _awake.Remove(v.Version.Name));
                }

                foreach (VersionPods pods in idle)
                {
                    LogAsleep(pods.Version.Name);
                    await pods.DisposeAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Pods run as {Users}; control groups: {Controllers}")]
    private partial void LogHost(string users, string controllers);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This host has no control group for memory that this service may use: pods are limited by rlimits and watched from inside")]
    private partial void LogNoCgroups();

    [LoggerMessage(Level = LogLevel.Error, Message = "No pod can be started on this host: {Obstacle}")]
    private partial void LogObstacle(string obstacle);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Version} wakes")]
    private partial void LogWoken(VersionName version);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Version} sleeps")]
    private partial void LogAsleep(VersionName version);
}
