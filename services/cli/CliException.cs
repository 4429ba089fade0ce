namespace MedCloudCare.Cli;

/// <summary>Ends the command with one line for the user and an exit code.</summary>
/// <param name="exitCode">One of <see cref="Cli.ExitCode"/>.</param>
/// <param name="message">What went wrong, naming the thing.</param>
/// <param name="hint">What to do next; may be absent.</param>
internal sealed class CliException(int exitCode, string message, string? hint = null) : Exception(message)
{
    /// <summary>The exit code of the process.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What to do next.</summary>
    public string? Hint { get; } = hint;

    /// <summary>Refused or failed.</summary>
    public static CliException Failed(string message, string? hint = null) => new(Cli.ExitCode.Refused, message, hint);
}
