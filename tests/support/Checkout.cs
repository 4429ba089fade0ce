namespace MedCloudCare.TestSupport;

/// <summary>Where the sources, the build results and optional data are.</summary>
public static class Checkout
{
    /// <summary>The directory of MedCloudCare.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The launcher's assembly, built beside the tests.</summary>
    public static string Launcher { get; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "MedCloudCare.Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "mcc.dll"));

    /// <summary>Where screenshots and reports are kept.</summary>
    public static string Results { get; } = Directory.CreateDirectory(Path.Combine(Root, ".results")).FullName;

    /// <summary>Optional real data; null where there is none.</summary>
    public static string? TestData { get; } = TestDataFolder.Find(Root);

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(Environment.GetEnvironmentVariable("MCC_ROOT") ?? AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "MedCloudCare.sln")))
            {
                return directory.FullName;
            }
        }

        // The build results may lie outside the checkout; tests are then started from inside it.
        for (var directory = new DirectoryInfo(Environment.CurrentDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "MedCloudCare.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("The checkout was not found; set MCC_ROOT to it.");
    }
}
