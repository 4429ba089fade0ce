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
        };
        foreach (string name in new[] { "DOTNET_ROOT", "TZ" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }

        return environment;
    }
}
