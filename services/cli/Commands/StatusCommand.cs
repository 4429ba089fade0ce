using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Cli.Output;

namespace MedCloudCare.Cli.Commands;

/// <summary><c>mcc status</c>: what runs, and whether it answers now.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Command command = new("status", "Show the processes of the mesh and whether each is well. Exit code 0: all are; 1: not all; 4: it does not run.")
        {
            CommonOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory data = parsed.DataDirectory();
            if (MeshState.Read(data) is not { } state)
            {
                throw new CliException(ExitCode.NotReachable, $"There is no mesh in '{data.Root}'.", "Start one: mcc up");
            }

            bool running = state.IsSupervised;
            state = running ? await AskAsync(data, state, cancellationToken).ConfigureAwait(false) : Ended(state);
            if (parsed.GetValue(CommonOptions.Json))
            {
                Terminal.Result(JsonSerializer.Serialize(state, MeshStateJson.Default.MeshState));
            }
            else
            {
                Show(data, state);
            }

            return !running ? ExitCode.NotReachable : state.Phase == MeshPhase.Ready ? ExitCode.Ok : ExitCode.Refused;
        });
        return command;
    }

    /// <summary>Asks every process now, instead of believing what the supervisor wrote some seconds ago.</summary>
    private static async Task<MeshState> AskAsync(DataDirectory data, MeshState state, CancellationToken cancellationToken)
    {
        MeshAddresses addresses = MeshAddresses.Of(state);
        ProcessState[] asked = await Task.WhenAll(state.Processes.Select(async process =>
        {
            bool alive = process.Process is { IsAlive: true };
            if (!alive || process.Name == MeshServices.Postgres)
            {
                return process with { Healthy = alive };
            }

            using HealthProbe probe = HealthProbe.Of(data, addresses, process.Name);
            return process with { Healthy = await probe.AskAsync(cancellationToken).ConfigureAwait(false) == HealthAnswer.Serving };
        })).ConfigureAwait(false);
        bool well = asked.Length > 0 && asked.All(p => p.Healthy);
        MeshPhase phase = state.Phase is MeshPhase.Ready && !well ? MeshPhase.Degraded : state.Phase;
        return state with { Processes = asked, Phase = phase };
    }

    private static MeshState Ended(MeshState state) => state with
    {
        Phase = state.Phase == MeshPhase.Failed ? MeshPhase.Failed : MeshPhase.Stopped,
        Processes = [.. state.Processes.Select(p => state.Boot == ProcessIdentity.Boot && p.Process is { IsAlive: true }
            ? p with { Healthy = false, LastExit = "left behind by a killed supervisor" }
            : p with { Process = null, Healthy = false })],
    };

    private static void Show(DataDirectory data, MeshState state)
    {
        Terminal.Result($"mesh      {state.Phase.ToString().ToLowerInvariant()}{(state.Problem is null ? "" : ": " + Terminal.Safe(state.Problem))}");
        Terminal.Result($"data      {data.Root}");
        if (state.Phase is MeshPhase.Starting or MeshPhase.Ready or MeshPhase.Degraded)
        {
            Terminal.Result($"browser   {state.Http}/");
            Terminal.Result($"clients   {state.Https}");
            if (state.Dicom.Length + state.DicomTls.Length > 0)
            {
                string secured = state.DicomTls.Length > 0 ? $"{state.DicomTls} (TLS)" : "";
                Terminal.Result($"DICOM     {string.Join(", ", new[] { state.Dicom, secured }.Where(a => a.Length > 0))}");
            }
        }

        Terminal.Result("");
        TextTable table = new("PROCESS", "STATE", "PID", "RESTARTS", "LAST END");
        foreach (ProcessState process in state.Processes)
        {
            string word = process.Healthy ? "ready" : process.Process is null ? "not running" : "not answering";
            table.Add(process.Name, word, process.Process?.Pid.ToString(CultureInfo.InvariantCulture) ?? "-",
                process.Restarts.ToString(CultureInfo.InvariantCulture), process.LastExit ?? "");
        }

        table.Write();
    }
}
