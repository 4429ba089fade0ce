using System.Globalization;

namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// A process, for good: its number and when it started. Numbers are reused, so a number alone would some day name
/// somebody else's process.
/// </summary>
/// <param name="Pid">Process number.</param>
/// <param name="StartTicks">Field 22 of /proc/PID/stat: clock ticks since boot.</param>
internal readonly record struct ProcessIdentity(int Pid, long StartTicks)
{
    private static readonly Lazy<string> LazyBoot = new(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());

    /// <summary>Identifies this boot of the machine; start times of another one mean nothing.</summary>
    public static string Boot => LazyBoot.Value;

    /// <summary>This process.</summary>
    public static ProcessIdentity Current => Of(Environment.ProcessId) ?? throw new InvalidOperationException("/proc is not mounted.");

    /// <summary>The process that has this number now; null if there is none, or only the remains of one (zombie).</summary>
    public static ProcessIdentity? Of(int pid)
    {
        try
        {
            return Parse(pid, File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether it still runs.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsAlive => Pid > 0 && Of(Pid) == this;

    /// <summary>Sends a signal, if it still runs.</summary>
    public bool Signal(int signal) => IsAlive && Posix.Signal(Pid, signal);

    /// <summary>Waits for its end; false when that takes longer than <paramref name="patience"/>.</summary>
    public async Task<bool> WaitForEndAsync(TimeSpan patience, CancellationToken cancellationToken = default)
    {
        long until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (IsAlive)
        {
            if (Environment.TickCount64 >= until)
            {
                return false;
            }

            await Task.Delay(20, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    internal static ProcessIdentity? Parse(int pid, string stat)
    {
        // The command name stands in parentheses and may itself contain parentheses and spaces.
        int end = stat.LastIndexOf(')');
        string[] fields = end < 0 ? [] : stat[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 20 || fields[0] is "Z" or "X" or "x")
        {
            return null;
        }

        return long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out long start) ? new ProcessIdentity(pid, start) : null;
    }
}
