namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// The environment of a service: the way to its configuration file and nothing that the launching shell happened to hold.
/// </summary>
internal static class ProcessEnvironment
{
    /// <summary>Where programs are looked for.</summary>
    public const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>For a .NET service.</summary>
    /// <param name="configFile">Path of its configuration file (MCC_CONFIG).</param>
    public static Dictionary<string, string> ForService(string configFile)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = Path,
            ["HOME"] = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
            ["LC_ALL"] = "C.UTF-8",
            ["MCC_CONFIG"] = configFile,
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            // Six processes on one machine: one heap each, given back when idle, starts faster than one heap a core.
            ["DOTNET_gcServer"] = "0",
            // Instrumented code costs more at start than it gains in processes of this size.
            ["DOTNET_TieredPGO"] = "0",
            // A stream passes through several processes of one machine: a worker that spins for its next piece takes the core from
            // the process that is to send it (a third of the gateway's samples were spinning).
            ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0",
        };
        // The last two let perf name jitted code.
        foreach (string name in new[] { "DOTNET_ROOT", "TZ", "DOTNET_PerfMapEnabled", "DOTNET_EnableWriteXorExecute" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }

        return environment;
    }
}
