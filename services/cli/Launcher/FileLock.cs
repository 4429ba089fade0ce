namespace MedCloudCare.Cli.Launcher;

/// <summary>An exclusive advisory lock (flock) on a file; released when disposed or when the process ends however it may.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, or answers null when somebody else holds it.</summary>
    public static FileLock? TryTake(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = SecretFile.OwnerOnly,
                BufferSize = 0,
            }));
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    /// <summary>Takes the lock, waiting for it.</summary>
    /// <exception cref="CliException">It was not free within <paramref name="patience"/>.</exception>
    public static async Task<FileLock> TakeAsync(string path, TimeSpan patience, CancellationToken cancellationToken)
    {
        long until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (Environment.TickCount64 >= until)
            {
                throw CliException.Failed($"Another mcc holds '{path}'.", "Wait for it to end, then try again.");
            }

            await Task.Delay(25, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
