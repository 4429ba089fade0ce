using System.Diagnostics;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Launcher;

/// <summary>A mesh whose supervisor is another process: waits for it, stops it.</summary>
internal static class BackgroundMesh
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(100);

    /// <summary>Waits until the mesh is ready and says where.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">It failed, or is not ready after two minutes.</exception>
    public static async Task<int> WaitUntilReadyAsync(DataDirectory data, ProcessIdentity supervisor, Stopwatch watch, CancellationToken cancellationToken)
    {
        MeshNarrator narrator = new(line => Terminal.Note($"  {watch.Elapsed.TotalSeconds,5:0.0} s  {line}"));
        while (true)
        {
            bool alive = supervisor.IsAlive;
            MeshState? state = MeshState.Read(data);
            bool current = state is not null && state.Boot == ProcessIdentity.Boot && state.Supervisor == supervisor;
            if (current)
            {
                narrator.Tell(state!);
                if (state!.Phase == MeshPhase.Ready)
                {
                    return ExitCode.Ok;
                }
            }

            if (!alive || (current && state!.Phase == MeshPhase.Failed))
            {
                throw Failure(data, current ? state!.Problem : null);
            }

            if (watch.Elapsed > ReadyPatience)
            {
                string missing = string.Join(", ", state?.Processes.Where(p => !p.Healthy).Select(p => p.Name) ?? []);
                throw CliException.Failed($"Not ready after {ReadyPatience.TotalSeconds:0} s: {missing}. The mesh goes on trying.",
                    $"Look at mcc status and the logs in '{data.Log}'; stop it with mcc down.");
            }

            await Task.Delay(50, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stops the mesh of a data directory however it is: supervised, left behind, or not running.</summary>
    /// <returns>Whether anything ran.</returns>
    public static async Task<bool> StopAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        MeshState? state = MeshState.Read(data);
        if (state is null)
        {
            return false;
        }

        bool supervised = state.IsSupervised;
        if (supervised)
        {
            state.Supervisor.Signal(Posix.SigTerm);
            if (!await state.Supervisor.WaitForEndAsync(StopPatience, cancellationToken).ConfigureAwait(false))
            {
                Terminal.Note("The supervisor does not end by itself; it is killed.");
                state.Supervisor.Signal(Posix.SigKill);
                await state.Supervisor.WaitForEndAsync(TimeSpan.FromSeconds(5), cancellationToken).ConfigureAwait(false);
            }
        }

        MeshState last = MeshState.Read(data) ?? state;
        IReadOnlyList<string> ended = await Leftovers.EndAsync(last).ConfigureAwait(false);
        if (ended.Count > 0)
        {
            Terminal.Note($"Ended what an earlier supervisor had left: {string.Join(", ", ended)}.");
        }

        if (!last.IsSupervised && last.Phase is not (MeshPhase.Stopped or MeshPhase.Failed))
        {
            (last with { Phase = MeshPhase.Stopped, Processes = [] }).Write(data);
        }

        return supervised || ended.Count > 0;
    }

    private static CliException Failure(DataDirectory data, string? problem)
    {
        string log = LogFiles.PathOf(data, "supervisor");
        const string prefix = "mcc: ";
        IEnumerable<string> said = LogFiles.Tail(log, 2).Select(l => l.StartsWith(prefix, StringComparison.Ordinal) ? l[prefix.Length..] : l);
        return CliException.Failed(problem ?? $"The supervisor ended: {string.Join(" ", said)}", $"Its log: {log}");
    }
}
