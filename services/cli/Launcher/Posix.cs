using System.Runtime.InteropServices;

namespace MedCloudCare.Cli.Launcher;

/// <summary>The few calls of libc that .NET has no face for.</summary>
internal static partial class Posix
{
    /// <summary>Signal numbers of Linux.</summary>
    public const int SigInt = 2, SigQuit = 3, SigKill = 9, SigTerm = 15;

    /// <summary>Whether this process is root.</summary>
    public static bool IsRoot { get; } = geteuid() == 0;

    /// <summary>The user of this process.</summary>
    public static uint UserId => geteuid();

    /// <summary>Sends a signal. False if there is no such process (any more).</summary>
    public static bool Signal(int pid, int signal) => pid > 1 && kill(pid, signal) == 0;

    /// <summary>Sends a signal to every process of a group. False if there is none.</summary>
    public static bool SignalGroup(int group, int signal) => group > 1 && kill(-group, signal) == 0;

    /// <summary>Leaves the terminal: this process becomes the leader of a session of its own.</summary>
    public static void NewSession() => _ = setsid();

    /// <summary>Gives a file or directory to a user and group.</summary>
    public static void ChangeOwner(string path, uint user, uint group)
    {
        if (lchown(path, user, group) != 0)
        {
            throw new IOException($"Cannot give '{path}' to user {user}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint user, uint group);
}
