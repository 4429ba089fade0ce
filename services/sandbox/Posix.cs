using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MedCloudCare.Sandbox;

/// <summary>The few calls of the C library that .NET has no face for.</summary>
public static partial class Posix
{
    private const int AtCurrentDirectory = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint StatxBasic = 0x7ff;
    private const int TypeMask = 0xf000;
    private const int TypeDirectory = 0x4000;
    private const int TypeSocket = 0xc000;

    /// <summary>Whether this process is root.</summary>
    public static bool IsRoot { get; } = geteuid() == 0;

    /// <summary>This process's user.</summary>
    public static uint UserId => geteuid();

    /// <summary>Gives a file or directory (never the target of a link) to a user and a group.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static void ChangeOwner(string path, uint user, uint group)
    {
        if (lchown(path, user, group) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"chown of '{path}' failed.");
        }
    }

    /// <summary>Whether the path itself, not what it links to, is a directory of this process's user.</summary>
    public static bool IsOwnDirectory(string path) =>
        TryStat(path, out Statx stat) && (stat.Mode & TypeMask) == TypeDirectory && stat.User == UserId;

    /// <summary>Whether the path itself is a socket.</summary>
    public static bool IsSocket(string path) => TryStat(path, out Statx stat) && (stat.Mode & TypeMask) == TypeSocket;

    private static bool TryStat(string path, out Statx stat) =>
        statx(AtCurrentDirectory, path, AtSymlinkNoFollow, StatxBasic, out stat) == 0;

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, out Statx stat);

    /// <summary>The head of <c>struct statx</c>, whose layout is the same on every architecture (256 bytes).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(20)]
        public uint User;

        [FieldOffset(28)]
        public ushort Mode;
    }
}
