using MedCloudCare.Cli.Pki;
using MedCloudCare.Cli.Postgres;
using MedCloudCare.Sealing;

namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// Runs a mesh: prepares what its processes need, starts PostgreSQL and then everything else at once, keeps them running,
/// and stops them, services first. Holds the lock of the data directory for as long as it lives.
/// </summary>
internal sealed partial class Supervisor : IAsyncDisposable
{
    private static readonly TimeSpan ServiceGrace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PostgresGrace = TimeSpan.FromSeconds(60);

    private readonly DataDirectory _data;
    private readonly RepositoryLayout _repository;
    private readonly MeshOptions _options;
    private readonly FileLock _lock;
    private readonly List<SupervisedProcess> _processes = [];
    private readonly Lock _writing = new();
    private readonly TimeProvider _time = TimeProvider.System;
    private MeshState _state;
    private PostgresCluster? _cluster;

    private Supervisor(DataDirectory data, RepositoryLayout repository, MeshOptions options, FileLock taken, MeshState state)
    {
        _data = data;
        _repository = repository;
        _options = options;
        _lock = taken;
        _state = state;
    }

    /// <summary>Raised after every change, from any thread.</summary>
    public event Action<MeshState>? Changed;

    /// <summary>Says in a sentence what the user should know.</summary>
    public event Action<string>? Noted;

    /// <summary>What the state file says.</summary>
    public MeshState State => _state;

    /// <summary>Takes the data directory, ends what an earlier supervisor left behind, and chooses the ports.</summary>
    /// <exception cref="CliException">A supervisor of this directory runs, or something is missing.</exception>
    public static async Task<Supervisor> OpenAsync(DataDirectory data, MeshOptions options)
    {
        RepositoryLayout repository = RepositoryLayout.Find();
        foreach (string service in options.Started)
        {
            repository.Assembly(MeshServices.ProjectOf(service));
        }

        data.Create();
        FileLock taken = FileLock.TryTake(data.SupervisorLock)
            ?? throw CliException.Failed($"The mesh of '{data.Root}' is running already.", "See mcc status; stop it with mcc down.");
        try
        {
            MeshState? last = MeshState.Read(data);
            await Leftovers.EndAsync(last).ConfigureAwait(false);
            MeshAddresses addresses = MeshAddresses.Choose(options, last);
            MeshState state = new()
            {
                Boot = ProcessIdentity.Boot,
                Supervisor = ProcessIdentity.Current,
                Phase = MeshPhase.Starting,
                Http = addresses.Http,
                Https = addresses.Https,
                Dicom = addresses.Dicom,
                DicomTls = addresses.DicomTls,
                Services = addresses.Services,
                Cluster = last?.Cluster ?? "",
            };
            state.Write(data);
            return new Supervisor(data, repository, options, taken, state);
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Runs the mesh until it is asked to stop, or cannot go on.</summary>
    /// <exception cref="CliException">It could not start, or a service refused its data or configuration.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
            Task health = WatchHealthAsync(watching.Token);
            Task certificates = WatchCertificatesAsync(watching.Token);
            Task stopped = Task.Delay(Timeout.Infinite, cancellationToken);
            Task<(string Name, string Message)> refused = FirstMisconfiguredAsync();
            await Task.WhenAny(stopped, refused, health, certificates).ConfigureAwait(false);
            if (refused.IsCompleted)
            {
                (string name, string message) = await refused.ConfigureAwait(false);
                throw CliException.Failed($"The service {name} cannot run: {message}", $"Its log: {LogFiles.PathOf(_data, name)}");
            }

            await (health.IsFaulted ? health : certificates.IsFaulted ? certificates : Task.CompletedTask).ConfigureAwait(false);
            await watching.CancelAsync().ConfigureAwait(false);
            await StopAsync(null).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await StopAsync(null).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await watching.CancelAsync().ConfigureAwait(false);
            await StopAsync(e is CliException { Hint: { } hint } ? $"{e.Message} {hint}" : e.Message).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _processes.ForEach(p => p.Dispose());
        _lock.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _options.Objects?.Settle(_data);
        EnsureCertificates();
        EnsureKeyring();
        DatabaseCredentials credentials = DatabaseCredentials.LoadOrCreate(_data);
        PostgresCluster cluster = await PostgresCluster.LocateAsync(_data, cancellationToken).ConfigureAwait(false);
        _cluster = cluster;
        if (cluster.MovedBecause is { } moved)
        {
            Noted?.Invoke(moved);
        }

        Update(s => s with { Cluster = cluster.Directory });
        MeshAddresses addresses = MeshAddresses.Of(_state);
        ServiceConfiguration configuration = new(_data, _repository, addresses, cluster, credentials, _options);
        configuration.WriteAll();
        await StartPostgresAsync(cluster, credentials, cancellationToken).ConfigureAwait(false);
        foreach (string service in _options.Started)
        {
            Run(new ProcessPlan(service, ["dotnet", _repository.Assembly(MeshServices.ProjectOf(service))],
                EnvironmentOf(service, configuration), LogFiles.PathOf(_data, service), Posix.SigTerm, ServiceGrace));
        }
    }

    /// <summary>Makes the keyring of a new mesh. Where data was sealed already, the keyring that sealed it must be there.</summary>
    /// <exception cref="KeyringException">It is missing, open to others or damaged.</exception>
    private void EnsureKeyring()
    {
        if (File.Exists(Path.Combine(_data.StudyKeys, "store.proof")))
        {
            Keyring.Load(_data.Keyring);
        }
        else
        {
            Keyring.LoadOrCreate(_data.Keyring);
        }
    }

    private static Dictionary<string, string> EnvironmentOf(string service, ServiceConfiguration configuration)
    {
        Dictionary<string, string> environment = ProcessEnvironment.ForService(configuration.PathOf(service));
        if (service == "study")
        {
            ObjectStoreChoice.AddCredentials(environment);
        }

        return environment;
    }

    private async Task StartPostgresAsync(PostgresCluster cluster, DatabaseCredentials credentials, CancellationToken cancellationToken)
    {
        if (PostgresCluster.FindLeftover(cluster.Directory) is { } leftover)
        {
            await SupervisedProcess.EndAsync(leftover, Posix.SigInt, PostgresGrace).ConfigureAwait(false);
        }

        bool fresh = await cluster.InitializeAsync(credentials.Passwords[PostgresCluster.AdministratorRole], cancellationToken).ConfigureAwait(false);
        SupervisedProcess server = Run(new ProcessPlan(MeshServices.Postgres, cluster.ServerCommand,
            new Dictionary<string, string> { ["PATH"] = ProcessEnvironment.Path, ["LC_ALL"] = "C.UTF-8" },
            LogFiles.PathOf(_data, MeshServices.Postgres), Posix.SigInt, PostgresGrace));
        long until = Environment.TickCount64 + 120_000;
        while (server.State.Process is null || !cluster.IsReady)
        {
            if (server.State.Restarts >= 3 || Environment.TickCount64 > until)
            {
                string last = string.Join(" ", LogFiles.Tail(server.Plan.Log, 3));
                throw CliException.Failed($"PostgreSQL does not start: {last}", $"Its log: {server.Plan.Log}");
            }

            await Task.Delay(20, cancellationToken).ConfigureAwait(false);
        }

        string fingerprint = DatabaseProvisioning.Fingerprint(credentials);
        if (fresh || credentials.Provisioned != fingerprint)
        {
            await DatabaseProvisioning.ApplyAsync(cluster, credentials, cancellationToken).ConfigureAwait(false);
            (credentials with { Provisioned = fingerprint }).Save(_data);
        }

        server.ReportHealth(true);
    }

    private SupervisedProcess Run(ProcessPlan plan)
    {
        SupervisedProcess process = new(plan, _time);
        process.Changed += () => Update(s => s);
        _processes.Add(process);
        process.Start();
        return process;
    }

    private async Task StopAsync(string? problem)
    {
        Update(s => s with { Phase = MeshPhase.Stopping });
        await Task.WhenAll(_processes.Where(p => p.Plan.Name != MeshServices.Postgres).Select(p => p.StopAsync())).ConfigureAwait(false);
        foreach (SupervisedProcess server in _processes.Where(p => p.Plan.Name == MeshServices.Postgres))
        {
            await server.StopAsync().ConfigureAwait(false);
        }

        _cluster?.RemoveSharedSocketDirectory();
        Update(s => s with { Phase = problem is null ? MeshPhase.Stopped : MeshPhase.Failed, Problem = problem });
    }

    private void Update(Func<MeshState, MeshState> change)
    {
        MeshState written;
        lock (_writing)
        {
            written = change(_state) with { Processes = [.. _processes.ToArray().Select(p => p.State)] };
            _state = written;
            written.Write(_data);
        }

        Changed?.Invoke(written);
    }
}
