using System.Diagnostics;
using System.Text.Json;

namespace MedCloudCare.Dicom.Tests;

/// <summary>pydicom's reading of its own test files: an implementation that shares nothing with ours.</summary>
public static class PydicomReference
{
    public const string Python = "/usr/bin/python3";

    private static readonly Lazy<IReadOnlyDictionary<string, JsonElement>> Loaded = new(Load);

    /// <summary>
    /// Everything in which two readings of pydicom's files differ. pydicom keeps the padding of values that are not the last one,
    /// which PS3.5 §6.2 calls not significant.
    /// </summary>
    public static IReadOnlyList<string> AllowedDifferences { get; } =
    [
        "693_J2KI.dcm 00080008 CS: [DERIVED\\PRIMARY\\AXIAL], pydicom [DERIVED \\PRIMARY\\AXIAL]",
        "SC_rgb_gdcm_KY.dcm 00080008 CS: [DERIVED\\SECONDARY\\OTHER], pydicom [DERIVED \\SECONDARY\\OTHER]",
        "SC_rgb_jpeg_lossy_gdcm.dcm 00080008 CS: [DERIVED\\SECONDARY\\OTHER], pydicom [DERIVED \\SECONDARY\\OTHER]",
    ];

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
