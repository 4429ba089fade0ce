using System.Text;

namespace MedCloudCare.Cli.Output;

/// <summary>Reads a password: one line of standard input, or typed without echo at a terminal. Never from arguments.</summary>
internal static class PasswordInput
{
    // The contract allows 256 characters; a line that is much longer is no password.
    private const int MaximumLength = 1024;

    /// <summary>Reads it.</summary>
    /// <param name="prompt">Shown at a terminal.</param>
    /// <param name="repeat">Have it typed twice at a terminal.</param>
    /// <exception cref="CliException">None was given, or the two differ.</exception>
    public static string Read(string prompt, bool repeat)
    {
        string password = Console.IsInputRedirected ? Console.In.ReadLine() ?? "" : Typed(prompt);
        if (password.Length is 0 or > MaximumLength)
        {
            throw new CliException(ExitCode.Usage, "No password was given.", "Give it on standard input (one line), or type it at the prompt.");
        }

        if (repeat && !Console.IsInputRedirected && Typed("Again: ") != password)
        {
            throw new CliException(ExitCode.Usage, "The two passwords differ.");
        }

        return password;
    }

    private static string Typed(string prompt)
    {
        Console.Error.Write(prompt);
        StringBuilder typed = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Console.Error.WriteLine();
                    return typed.ToString();
                case ConsoleKey.Backspace:
                    typed.Length = Math.Max(0, typed.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar) && typed.Length <= MaximumLength)
                    {
                        typed.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
