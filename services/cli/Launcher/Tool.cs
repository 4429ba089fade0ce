using System.Diagnostics;

namespace MedCloudCare.Cli.Launcher;

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to both outputs.</param>
internal sealed record ToolResult(int ExitCode, string Output);

/// <summary>Runs a command to its end, with a minimal environment.</summary>
internal static class Tool
{
    /// <summary>Runs it. The command is an argument list: no shell sees it.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="environment">Variables beside the minimal ones.</param>
    /// <exception cref="CliException">The program is not installed.</exception>
    public static async Task<ToolResult> RunAsync(
        IReadOnlyList<string> command, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = ProcessEnvironment.Path;
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            string errors = await process.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return new ToolResult(process.ExitCode, (await output.ConfigureAwait(false) + errors).Trim());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new CliException(ExitCode.MissingPrerequisite, $"Cannot run '{command[0]}': {e.Message}");
        }
    }
}
