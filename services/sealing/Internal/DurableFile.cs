using System.Runtime.InteropServices;

namespace MedCloudCare.Sealing;

/// <summary>Small files that are either wholly there or not, and stay there when the call has returned.</summary>
internal static partial class DurableFile
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;

    public const string TemporaryPrefix = ".mccseal-";

    // No write of this library takes longer; an older temporary file was left by a process that died.
    private static readonly TimeSpan TemporaryLifetime = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Writes content to a temporary file, flushes it, moves it into place and flushes the directory. With
    /// <paramref name="overwrite"/> false an existing file makes it throw <see cref="IOException"/>.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> content, string temporaryDirectory, bool overwrite)
    {
        string temporary = Path.Combine(temporaryDirectory, $"{TemporaryPrefix}{Guid.NewGuid():N}.tmp");
        try
        {
            using (FileStream file = new(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = OwnerOnly,
            }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            if (overwrite)
            {
                File.Move(temporary, path, overwrite: true);
            }
            else
            {
                LinkNew(temporary, path);
            }
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        DurableDirectory.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Overwrites the bytes of an existing file in place with zeros and flushes them.</summary>
    public static void Zero(string path)
    {
        using FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.Open,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        });
        file.Write(new byte[file.Length]);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Creates a directory that only its owner may enter, parents included, and makes its entry durable.</summary>
    public static void CreateDirectory(string directory)
    {
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory, OwnerOnlyDirectory);
            if (Path.GetDirectoryName(Path.GetFullPath(directory)) is { } parent)
            {
                DurableDirectory.Flush(parent);
            }
        }
    }

    /// <summary>Removes temporary files that a crash left behind.</summary>
    public static void SweepTemporary(string directory)
    {
        DateTime limit = DateTime.UtcNow - TemporaryLifetime;
        foreach (string path in Directory.EnumerateFiles(directory, TemporaryPrefix + "*.tmp"))
        {
            if (File.GetLastWriteTimeUtc(path) < limit)
            {
                Zero(path);
                File.Delete(path);
            }
        }
    }

    // File.Move without overwrite checks and then renames, so of two racing processes both would succeed; link(2) is atomic.
    private static void LinkNew(string temporary, string path)
    {
        if (Link(temporary, path) != 0)
        {
            throw new IOException($"'{path}' cannot be created (errno {Marshal.GetLastPInvokeError()}).");
        }

        File.Delete(temporary);
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);
}
