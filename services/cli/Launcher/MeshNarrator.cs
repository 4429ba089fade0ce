namespace MedCloudCare.Cli.Launcher;

/// <summary>Turns changes of a mesh's state into lines, one for each thing that is worth knowing.</summary>
internal sealed class MeshNarrator(Action<string> write)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ProcessState> _known = new(StringComparer.Ordinal);
    private MeshPhase? _phase;

    /// <summary>Writes a line of another source in turn.</summary>
    public void Say(string line)
    {
        lock (_lock)
        {
            write(line);
        }
    }

    /// <summary>Tells what is new.</summary>
    public void Tell(MeshState state)
    {
        lock (_lock)
        {
            bool alive = state.Phase is MeshPhase.Starting or MeshPhase.Ready or MeshPhase.Degraded;
            foreach (ProcessState process in state.Processes)
            {
                ProcessState? before = _known.GetValueOrDefault(process.Name);
                _known[process.Name] = process;
                if (before?.Process is not null && process.Process is null && alive)
                {
                    write($"{process.Name} ended ({process.LastExit}); it is started again");
                }
                else if (process.Process is { } started && before?.Process != process.Process)
                {
                    write($"{process.Name} started (pid {started.Pid})");
                }

                if (process.Healthy && before is not { Healthy: true })
                {
                    write($"{process.Name} is ready");
                }
            }

            if (_phase != state.Phase)
            {
                _phase = state.Phase;
                write($"mesh: {Describe(state)}");
            }
        }
    }

    private static string Describe(MeshState state) => state.Phase switch
    {
        MeshPhase.Ready => $"ready at {state.Http} and {state.Https}",
        MeshPhase.Failed => $"failed: {state.Problem}",
        MeshPhase.Degraded => "degraded",
        MeshPhase.Starting => "starting",
        MeshPhase.Stopping => "stopping",
        _ => "stopped",
    };
}
