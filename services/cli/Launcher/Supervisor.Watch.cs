using MedCloudCare.Cli.Pki;

namespace MedCloudCare.Cli.Launcher;

internal sealed partial class Supervisor
{
    private static readonly TimeSpan WhileStarting = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WhileReady = TimeSpan.FromSeconds(5);

    // A host answers within seconds of its start, a busy one within a probe's patience: one that says nothing for so long hangs.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan BetweenRenewals = TimeSpan.FromHours(12);

    /// <summary>Asks every process for its health, often until it answers, and keeps the phase true.</summary>
    private async Task WatchHealthAsync(CancellationToken cancellationToken)
    {
        MeshAddresses addresses = MeshAddresses.Of(_state);
        NotePhase();
        IEnumerable<Task> watches = _processes.Where(p => p.Plan.Name != MeshServices.Postgres)
            .Select(p => WatchOneAsync(p, addresses, cancellationToken));
        // None of them ends before the mesh does, unless by a fault of this program, which must not pass unseen.
        Task first = await Task.WhenAny([.. watches, WatchPostgresAsync(cancellationToken), Task.Delay(Timeout.Infinite, cancellationToken)]).ConfigureAwait(false);
        await first.ConfigureAwait(false);
    }

    private async Task WatchOneAsync(SupervisedProcess process, MeshAddresses addresses, CancellationToken cancellationToken)
    {
        using HealthProbe probe = HealthProbe.Of(_data, addresses, process.Plan.Name);
        Silence silence = new(_time);
        while (!cancellationToken.IsCancellationRequested)
        {
            ProcessIdentity? asked = process.State.Process;
            HealthAnswer answer = asked is null ? HealthAnswer.Silent : await probe.AskAsync(cancellationToken).ConfigureAwait(false);
            bool healthy = answer == HealthAnswer.Serving;
            process.ReportHealth(healthy);
            NotePhase();
            if (asked is { } living && silence.Of(living, answer) > LongestSilence && !cancellationToken.IsCancellationRequested)
            {
                Noted?.Invoke($"{process.Plan.Name} has not answered for {LongestSilence.TotalSeconds:0} s; it is ended and started again. Its log: {process.Plan.Log}");
                living.Signal(Posix.SigKill);
            }

            await WaitForNextAsync(process, healthy ? WhileReady : WhileStarting, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The database server says in its lock file whether it takes connections; one that was started again as well.</summary>
    private async Task WatchPostgresAsync(CancellationToken cancellationToken)
    {
        if (_processes.Find(p => p.Plan.Name == MeshServices.Postgres) is not { } server)
        {
            return;
        }

        while (!cancellationToken.IsCancellationRequested)
        {
            bool ready = server.State.Process is { } running && _cluster!.IsReadyAs(running.Pid);
            server.ReportHealth(ready);
            NotePhase();
            await WaitForNextAsync(server, ready ? WhileReady : WhileStarting, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Measures how long a process has been silent; another process begins anew.</summary>
    private sealed class Silence(TimeProvider time)
    {
        private ProcessIdentity _of;
        private long _since;

        public TimeSpan Of(ProcessIdentity process, HealthAnswer answer)
        {
            if (_of != process || answer != HealthAnswer.Silent)
            {
                (_of, _since) = (process, time.GetTimestamp());
            }

            return time.GetElapsedTime(_since);
        }
    }

    /// <summary>Waits, but no longer than until the process ends: a restarted one is asked at once.</summary>
    private static async Task WaitForNextAsync(SupervisedProcess process, TimeSpan delay, CancellationToken cancellationToken)
    {
        ProcessIdentity? current = process.State.Process;
        TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChanged()
        {
            if (process.State.Process != current)
            {
                changed.TrySetResult();
            }
        }

        process.Changed += OnChanged;
        try
        {
            OnChanged();
            await Task.WhenAny(changed.Task, Task.Delay(delay, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            process.Changed -= OnChanged;
        }
    }

    private void NotePhase()
    {
        bool ready = _processes.TrueForAll(p => p.Plan.Name == MeshServices.Postgres ? p.State.Process is not null : p.State.Healthy);
        MeshPhase phase = _state.Phase switch
        {
            MeshPhase.Starting when ready => MeshPhase.Ready,
            MeshPhase.Ready when !ready => MeshPhase.Degraded,
            MeshPhase.Degraded when ready => MeshPhase.Ready,
            MeshPhase same => same,
        };
        if (phase != _state.Phase)
        {
            Update(s => s.Phase is MeshPhase.Starting or MeshPhase.Ready or MeshPhase.Degraded ? s with { Phase = phase } : s);
        }
    }

    /// <summary>Renews certificates that end soon, and restarts the services that use them.</summary>
    private async Task WatchCertificatesAsync(CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(BetweenRenewals, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            IReadOnlyList<string> renewed = EnsureCertificates();
            foreach (SupervisedProcess process in _processes.Where(p => renewed.Contains(p.Plan.Name)))
            {
                Noted?.Invoke($"The certificate of {process.Plan.Name} was renewed; it is restarted.");
                process.Restart();
            }
        }
    }

    /// <summary>Issues what is missing or ends soon.</summary>
    /// <returns>The processes whose certificates are new.</returns>
    private List<string> EnsureCertificates()
    {
        using MeshAuthority authority = MeshAuthority.OpenOrCreate(_data.Pki, _time);
        List<string> renewed = [.. MeshServices.All.Append(MeshServices.Operator).Where(authority.EnsureService)];
        if (authority.EnsurePublic(MeshServices.PublicCertificate) && !renewed.Contains(MeshServices.Gateway))
        {
            renewed.Add(MeshServices.Gateway);
        }

        return renewed;
    }

    /// <summary>The first service that says that it cannot run, and why.</summary>
    private async Task<(string Name, string Message)> FirstMisconfiguredAsync()
    {
        Task<string>[] waiting = [.. _processes.Select(p => p.Misconfigured.Task)];
        Task<string> first = await Task.WhenAny(waiting).ConfigureAwait(false);
        return (_processes[Array.IndexOf(waiting, first)].Plan.Name, await first.ConfigureAwait(false));
    }
}
