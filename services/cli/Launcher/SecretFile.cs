namespace MedCloudCare.Cli.Launcher;

/// <summary>Files and directories that only their owner may read, written whole or not at all.</summary>
internal static class SecretFile
{
    /// <summary>Mode 0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Mode 0700.</summary>
    public const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Mode 0711: others may pass through to what is theirs, and see nothing.</summary>
    public const UnixFileMode PassableDirectory = OwnerOnlyDirectory | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes a directory with exactly this mode, or gives an existing one this mode.</summary>
    public static void CreateDirectory(string path, UnixFileMode mode = OwnerOnlyDirectory)
    {
        Directory.CreateDirectory(path, mode);
        if (File.GetUnixFileMode(path) != mode)
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    /// <summary>Writes a file with mode 0600 in one step: a reader sees the old content or the new one.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.part";
        try
        {
            using (FileStream file = new(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = OwnerOnly,
                BufferSize = 0,
            }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte})"/>
    public static void Write(string path, string content) => Write(path, System.Text.Encoding.UTF8.GetBytes(content));
}
