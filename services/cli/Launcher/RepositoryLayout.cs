namespace MedCloudCare.Cli.Launcher;

/// <summary>Where the checkout and its build results are.</summary>
/// <param name="Root">The directory of MedCloudCare.sln.</param>
/// <param name="Binaries">The directory that holds one directory of build results per project.</param>
internal sealed record RepositoryLayout(string Root, string Binaries)
{
    /// <summary>
    /// Found from MCC_ROOT (set by the <c>mcc</c> script), else upwards from the binary, else upwards from the working
    /// directory.
    /// </summary>
    /// <exception cref="CliException">This is no checkout.</exception>
    public static RepositoryLayout Find()
    {
        string binaries = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", ".."));
        string? root = Environment.GetEnvironmentVariable("MCC_ROOT") is { Length: > 0 } named ? named
            : Upwards(AppContext.BaseDirectory) ?? Upwards(Environment.CurrentDirectory);
        return root is not null && File.Exists(Path.Combine(root, "MedCloudCare.sln"))
            ? new RepositoryLayout(Path.GetFullPath(root), binaries)
            : throw new CliException(ExitCode.MissingPrerequisite, "The checkout of MedCloudCare was not found.", "Run ./mcc inside it, or set MCC_ROOT to it.");
    }

    /// <summary>The assembly of a project: the configuration that mcc itself was built with.</summary>
    /// <exception cref="CliException">It has not been built.</exception>
    public string Assembly(string project)
    {
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string path = Path.Combine(Binaries, project, configuration, project + ".dll");
        return File.Exists(path)
            ? path
            : throw new CliException(ExitCode.MissingPrerequisite, $"{project} has not been built ('{path}' is missing).", "Run ./mcc, which builds what is missing, or: dotnet build -c Release");
    }

    private static string? Upwards(string from)
    {
        for (DirectoryInfo? directory = new(from); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "MedCloudCare.sln")))
            {
                return directory.FullName;
            }
        }

        return null;
    }
}
