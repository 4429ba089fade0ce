using System.Diagnostics;
using System.Text.Json;

namespace MedCloudCare.Dicom.Tests;

/// <summary>pydicom's reading of its own test files: an implementation that shares nothing with ours.</summary>
public static class PydicomReference
{
    public const string Python = "/usr/bin/python3";

    private static readonly Lazy<IReadOnlyDictionary<string, JsonElement>> Loaded = new(Load);

    /// <summary>Path → description; empty where pydicom is not installed.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Files => Loaded.Value;

    public static string Script => Path.Combine(AppContext.BaseDirectory, "pydicom_reference.py");

    public static string FileNamed(string name) =>
        Files.Keys.FirstOrDefault(x => Path.GetFileName(x) == name) ?? throw new SkipException("Debian's python3-pydicom is not installed.");

    public static string Run(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} failed: {errors.Result}");
        return output;
    }

    public static IEnumerable<JsonElement> Describe(params IEnumerable<string> paths) =>
        Run(Python, [Script, "describe", .. paths]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonDocument.Parse(x).RootElement);

    private static Dictionary<string, JsonElement> Load()
    {
        if (!File.Exists(Python) || !Directory.Exists("/usr/lib/python3/dist-packages/pydicom")) return [];
        var paths = Run(Python, Script, "list").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return Describe(paths).ToDictionary(x => x.GetProperty("path").GetString()!);
    }
}
