namespace MedCloudCare.Cli.Upload;

/// <summary>One file to upload.</summary>
/// <param name="Path">As found, for messages and results.</param>
/// <param name="Size">In bytes, when it was listed.</param>
internal readonly record struct UploadFile(string Path, long Size);

/// <summary>
/// The files of an upload in an order that is the same at every call: instance numbers are positions in it, and a resumed
/// upload goes on by number.
/// </summary>
internal static class UploadFiles
{
    /// <summary>
    /// Files named on the command line are taken as they are, in that order; directories with everything below them, by
    /// path (ordinal). Within directories, names that begin with a dot and DICOMDIR (an index, not an instance) are left
    /// out, and symbolic links to directories are not followed. A file that is reached twice is taken once.
    /// </summary>
    /// <exception cref="CliException">A path does not exist, or there is no file.</exception>
    public static IReadOnlyList<UploadFile> List(IEnumerable<string> paths)
    {
        List<UploadFile> files = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            IEnumerable<string> found = Directory.Exists(path) ? Below(path)
                : File.Exists(path) ? [path]
                : throw CliException.Failed($"'{path}' does not exist.");
            files.AddRange(found.Where(f => seen.Add(Path.GetFullPath(f))).Select(f => new UploadFile(f, new FileInfo(f).Length)));
        }

        return files.Count > 0 ? files : throw CliException.Failed("There is no file to upload.");
    }

    private static List<string> Below(string directory)
    {
        EnumerationOptions options = new() { RecurseSubdirectories = false, AttributesToSkip = 0, IgnoreInaccessible = false };
        List<string> files = [];
        Stack<string> open = new([directory]);
        while (open.TryPop(out string? current))
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(current).EnumerateFileSystemInfos("*", options))
            {
                string path = Path.Combine(current, entry.Name);
                if (entry.Name.StartsWith('.') || string.Equals(entry.Name, "DICOMDIR", StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                if (entry is not DirectoryInfo)
                {
                    files.Add(path);
                }
                else if (entry.LinkTarget is null)
                {
                    open.Push(path);
                }
            }
        }

        files.Sort(StringComparer.Ordinal);
        return files;
    }
}
