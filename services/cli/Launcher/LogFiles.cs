namespace MedCloudCare.Cli.Launcher;

/// <summary>The logs of the processes: appended to, set aside when large, a few kept.</summary>
internal static class LogFiles
{
    private const long RotateAbove = 8 << 20;
    private const int Kept = 4;

    /// <summary>The log of a process.</summary>
    public static string PathOf(DataDirectory data, string name) => Path.Combine(data.Log, name + ".log");

    /// <summary>Sees to it that the log exists with mode 0600, and starts a new one if it has grown large.</summary>
    public static void Prepare(string path)
    {
        FileInfo log = new(path);
        if (log.Exists && log.Length > RotateAbove)
        {
            for (int i = Kept - 1; i >= 1; i--)
            {
                if (File.Exists($"{path}.{i}"))
                {
                    File.Move($"{path}.{i}", $"{path}.{i + 1}", overwrite: true);
                }
            }

            File.Move(path, path + ".1", overwrite: true);
        }

        using FileStream touched = new(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
            UnixCreateMode = SecretFile.OwnerOnly,
        });
    }

    /// <summary>The last lines of a log.</summary>
    public static IReadOnlyList<string> Tail(string path, int lines)
    {
        const int window = 16 << 10;
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(Math.Max(0, file.Length - window), SeekOrigin.Begin);
            using StreamReader reader = new(file);
            string[] all = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return all[^Math.Min(lines, all.Length)..];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
