using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Demo;

/// <summary>The demo's DICOM series, made from the T1 volume of Debian's mricron-data, in a temporary directory.</summary>
internal sealed class DemoSeries : IDisposable
{
    /// <summary>A T1-weighted head at 1 mm (Colin Holmes' average of 27 scans, ICBM).</summary>
    private const string Volume = "/usr/share/mricron/templates/ch2.nii.gz";

    private DemoSeries(string directory) => Directory = directory;

    /// <summary>Where the files are. Not in the mesh's data directory: nothing there is in clear.</summary>
    public string Directory { get; }

    /// <summary>Makes it.</summary>
    /// <exception cref="CliException">The volume or Python's packages are missing.</exception>
    public static async Task<DemoSeries> MakeAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Volume))
        {
            throw new CliException(ExitCode.MissingPrerequisite, $"The demo's volume '{Volume}' is missing.", "Install it: apt-get install mricron-data");
        }

        string script = Path.Combine(RepositoryLayout.Find().Root, "services", "cli", "Demo", "make_demo_series.py");
        DemoSeries series = new(System.IO.Directory.CreateTempSubdirectory("mcc-demo-").FullName);
        try
        {
            ToolResult result = await Tool.RunAsync(["/usr/bin/python3", "-B", script, Volume, series.Directory], cancellationToken).ConfigureAwait(false);
            return result.ExitCode == 0 ? series : throw CliException.Failed($"The demo series could not be made: {result.Output}");
        }
        catch
        {
            series.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
