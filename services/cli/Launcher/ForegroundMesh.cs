using System.Diagnostics;
using MedCloudCare.Cli.Output;
using Spectre.Console;

namespace MedCloudCare.Cli.Launcher;

/// <summary>A mesh that lives as long as this command: a live table on a terminal, lines otherwise.</summary>
internal static class ForegroundMesh
{
    /// <summary>Runs the mesh until Ctrl-C.</summary>
    public static async Task<int> RunAsync(DataDirectory data, MeshOptions options, CancellationToken cancellationToken)
    {
        Stopwatch watch = Stopwatch.StartNew();
        await using Supervisor supervisor = await Supervisor.OpenAsync(data, options).ConfigureAwait(false);
        if (!Terminal.IsInteractive)
        {
            MeshNarrator narrator = new(line => Terminal.Note($"  {watch.Elapsed.TotalSeconds,5:0.0} s  {line}"));
            supervisor.Changed += narrator.Tell;
            supervisor.Noted += narrator.Say;
            await supervisor.RunAsync(cancellationToken).ConfigureAwait(false);
            return ExitCode.Ok;
        }

        supervisor.Noted += Terminal.Note;
        await Terminal.Live.Live(TableOf(supervisor.State)).StartAsync(async live =>
        {
            supervisor.Changed += state =>
            {
                lock (live)
                {
                    live.UpdateTarget(TableOf(state));
                }
            };
            await supervisor.RunAsync(cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private static Table TableOf(MeshState state)
    {
        Table table = new Table().Border(TableBorder.None).AddColumns("process", "state", "pid", "restarts");
        foreach (ProcessState process in state.Processes)
        {
            string word = process.Healthy ? "[green]ready[/]" : process.Process is null ? "[red]not running[/]" : "[yellow]starting[/]";
            table.AddRow(process.Name, word, process.Process?.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-",
                process.Restarts == 0 ? "" : $"{process.Restarts} ({Markup.Escape(process.LastExit ?? "")})");
        }

        string caption = state.Phase == MeshPhase.Ready ? $"{state.Http}  {state.Https}  (Ctrl-C stops)" : state.Phase.ToString().ToLowerInvariant();
        return table.Caption(Markup.Escape(caption));
    }
}
