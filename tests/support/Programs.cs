using System.Diagnostics;

namespace MedCloudCare.TestSupport;

/// <summary>What a program printed and how it ended.</summary>
public sealed record ProgramResult(int ExitCode, string Output, string Error)
{
    /// <summary>Fails the test, showing what was printed, unless the program ended well.</summary>
    public ProgramResult EnsureSuccess() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"exit code {ExitCode}\n{Output}\n{Error}");
}

/// <summary>Runs real programs.</summary>
public static class Programs
{
    /// <summary>Debian's Python, which has pydicom and numpy.</summary>
    public const string Python = "/usr/bin/python3";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="file">Path or name of the program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads on standard input.</param>
    /// <param name="environment">Variables to add.</param>
    public static async Task<ProgramResult> RunAsync(string file, IEnumerable<string> arguments, string input = "", IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', arguments)} did not end in {Limit}.");
        }

        return new ProgramResult(process.ExitCode, await output, await error);
    }

    /// <summary>Whether a program is installed.</summary>
    public static bool Has(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, name)));

    /// <summary>Whether Debian's Python has a module.</summary>
    public static async Task<bool> HasPythonModuleAsync(string module) =>
        File.Exists(Python) && (await RunAsync(Python, ["-c", $"import {module}"])).ExitCode == 0;
}
