using System.Text;
using Spectre.Console;

namespace MedCloudCare.Cli.Output;

/// <summary>
/// Where words go: results to standard output, progress and problems to standard error. Colours and bars only when the
/// error output is a terminal.
/// </summary>
internal static class Terminal
{
    private static readonly Lazy<IAnsiConsole> LazyErrors = new(() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Console.Error),
        Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
        Ansi = IsInteractive ? AnsiSupport.Yes : AnsiSupport.No,
    }));

    /// <summary>Whether a person sits in front of it.</summary>
    public static bool IsInteractive { get; } =
        !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb" or "");

    /// <summary>For bars and tables that move.</summary>
    public static IAnsiConsole Live => LazyErrors.Value;

    /// <summary>A line of a result, to standard output.</summary>
    public static void Result(string line) => Console.Out.WriteLine(line);

    /// <summary>A line about what is going on, to standard error.</summary>
    public static void Note(string line) => Console.Error.WriteLine(Safe(line));

    /// <summary>A problem and what to do about it, each on a line.</summary>
    public static void Error(string message, string? hint)
    {
        string colour = IsInteractive ? "\e[31m" : "";
        string plain = IsInteractive ? "\e[0m" : "";
        Console.Error.WriteLine($"{colour}mcc:{plain} {Safe(message)}");
        if (hint is not null)
        {
            Console.Error.WriteLine($"     {Safe(hint)}");
        }
    }

    /// <summary>
    /// Text without control characters: names in DICOM files and messages of models come from outside and must not
    /// steer the terminal.
    /// </summary>
    public static string Safe(string text)
    {
        StringBuilder? cleaned = null;
        for (int i = 0; i < text.Length; i++)
        {
            bool control = char.IsControl(text[i]) && text[i] != '\n' && text[i] != '\t';
            if (control && cleaned is null)
            {
                cleaned = new StringBuilder(text, 0, i, text.Length);
            }

            cleaned?.Append(control ? '\uFFFD' : text[i]);
        }

        return cleaned?.ToString() ?? text;
    }

    /// <summary>Bytes for people: 1.4 MB.</summary>
    public static string Bytes(long count) => count switch
    {
        < 1_000 => $"{count} B",
        < 1_000_000 => $"{count / 1e3:0.0} kB",
        < 1_000_000_000 => $"{count / 1e6:0.0} MB",
        _ => $"{count / 1e9:0.00} GB",
    };
}
