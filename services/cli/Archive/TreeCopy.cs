using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Archive;

/// <summary>Copies directories so that the copy is durable and for its owner only.</summary>
internal static class TreeCopy
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Copies a directory; a file that goes meanwhile is left out. Nothing happens when there is none.</summary>
    /// <param name="from">The directory.</param>
    /// <param name="to">Where its content goes.</param>
    /// <param name="cancellationToken">Ends it between two pieces.</param>
    /// <param name="copied">Takes the length of each file.</param>
    /// <param name="given">Called with each file and directory that was made.</param>
    public static async Task CopyAsync(string from, string to, CancellationToken cancellationToken, Action<long>? copied = null, Action<string>? given = null)
    {
        if (!Directory.Exists(from))
        {
            return;
        }

        SecretFile.CreateDirectory(to);
        given?.Invoke(to);
        foreach (string directory in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, directory));
            SecretFile.CreateDirectory(target);
            given?.Invoke(target);
        }

        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            if (await CopyFileAsync(file, target, cancellationToken).ConfigureAwait(false) is { } length)
            {
                given?.Invoke(target);
                copied?.Invoke(length);
            }
        }
    }

    /// <summary>Copies a file as long as it is now. Null when it has gone.</summary>
    private static async Task<long?> CopyFileAsync(string from, string to, CancellationToken cancellationToken)
    {
        FileStream source;
        try
        {
            source = new FileStream(from, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 });
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        await using (source)
        {
            await using FileStream target = new(to, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = SecretFile.OwnerOnly,
            });
            await source.CopyToAsync(target, BufferBytes, cancellationToken).ConfigureAwait(false);
            target.Flush(flushToDisk: true);
            return target.Length;
        }
    }
}
