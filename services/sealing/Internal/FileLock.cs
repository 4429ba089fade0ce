namespace MedCloudCare.Sealing;

/// <summary>
/// An exclusive lock that processes on one file system share (flock on a file of its own, which the kernel releases
/// when its holder dies). The lock file stays: removing it would let two holders lock different inodes.
/// </summary>
internal static class FileLock
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <exception cref="TimeoutException">Another process held the lock for 30 s.</exception>
    public static async Task<IDisposable> AcquireAsync(string path, CancellationToken cancellationToken = default)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (TryAcquire(path) is { } held)
            {
                return held;
            }

            ThrowWhenLate(path, started);
            await Task.Delay(Poll, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="AcquireAsync"/>
    public static IDisposable Acquire(string path)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (TryAcquire(path) is { } held)
            {
                return held;
            }

            ThrowWhenLate(path, started);
            Thread.Sleep(Poll);
        }
    }

    private static FileStream? TryAcquire(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                UnixCreateMode = DurableFile.OwnerOnly,
            });
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    private static void ThrowWhenLate(string path, long started)
    {
        if (TimeProvider.System.GetElapsedTime(started) > Patience)
        {
            throw new TimeoutException($"The lock '{path}' was not released within {Patience.TotalSeconds:0} s.");
        }
    }
}
