using MedCloudCare.Cli.Postgres;

namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// Ends processes whose supervisor was killed. They are known by the number and the start time that it recorded, never
/// by name.
/// </summary>
internal static class Leftovers
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Ends them: services first, then PostgreSQL.</summary>
    /// <returns>The names of those that still ran.</returns>
    public static async Task<IReadOnlyList<string>> EndAsync(MeshState? state)
    {
        if (state is null || state.IsSupervised)
        {
            return [];
        }

        List<string> ended = [];
        if (state.Boot == ProcessIdentity.Boot)
        {
            ProcessState[] services = [.. state.Processes.Where(p => p.Name != MeshServices.Postgres && p.Process is { IsAlive: true })];
            await Task.WhenAll(services.Select(s => SupervisedProcess.EndAsync(s.Process!.Value, Posix.SigTerm, Grace))).ConfigureAwait(false);
            ended.AddRange(services.Select(s => s.Name));
        }

        if (PostgresCluster.FindLeftover(state.Cluster) is { } server)
        {
            await SupervisedProcess.EndAsync(server, Posix.SigInt, TimeSpan.FromSeconds(30)).ConfigureAwait(false);
            ended.Add(MeshServices.Postgres);
        }

        return ended;
    }
}
