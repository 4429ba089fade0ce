namespace MedCloudCare.Models.Tests;

/// <summary>Where the sources lie.</summary>
internal static class Repository
{
    /// <summary>The top of the checkout.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        string? directory = AppContext.BaseDirectory;
        // The output tree may lie outside the checkout; this file's own path is then the only trace of it.
        foreach (string? start in (string?[])[directory, Here()])
        {
            for (string? at = start; at is not null; at = Path.GetDirectoryName(at))
            {
                if (File.Exists(Path.Combine(at, "MedCloudCare.sln")))
                {
                    return at;
                }
            }
        }

        throw new InvalidOperationException("The checkout cannot be found.");
    }

    private static string? Here([System.Runtime.CompilerServices.CallerFilePath] string path = "") => Path.GetDirectoryName(path);
}
