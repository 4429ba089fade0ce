using System.IO.Compression;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Publish;

/// <summary>One file of a model package.</summary>
/// <param name="Path">Within the package, with forward slashes.</param>
/// <param name="Source">On this machine.</param>
/// <param name="Size">In bytes.</param>
internal readonly record struct PackageFile(string Path, string Source, long Size);

/// <summary>What is sent when a model is published: the files of a directory, or one zip.</summary>
/// <param name="Files">The files, by path.</param>
/// <param name="Form">Contents of the package's <c>model.json</c>; null if it has none.</param>
internal sealed record ModelPackage(IReadOnlyList<PackageFile> Files, byte[]? Form)
{
    private const string FormFile = "model.json";
    private const int MaximumForm = 256 << 10;

    /// <summary>
    /// Lists a package. Of a directory, names that begin with a dot and __pycache__ are left out, and symbolic links are
    /// refused: what is published is what lies there.
    /// </summary>
    /// <exception cref="CliException">There is no such thing, or a link in it.</exception>
    public static ModelPackage Open(string path)
    {
        if (Directory.Exists(path))
        {
            List<PackageFile> files = [.. Below(path).OrderBy(f => f.Path, StringComparer.Ordinal)];
            string form = System.IO.Path.Combine(path, FormFile);
            return files.Count == 0 ? throw CliException.Failed($"The directory '{path}' is empty.")
                : new ModelPackage(files, File.Exists(form) ? File.ReadAllBytes(form) : null);
        }

        if (!File.Exists(path))
        {
            throw CliException.Failed($"'{path}' does not exist.");
        }

        return path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)
            ? new ModelPackage([new PackageFile(System.IO.Path.GetFileName(path), path, new FileInfo(path).Length)], FormInZip(path))
            : throw CliException.Failed($"'{path}' is neither a directory nor a zip file.", "Publish the directory that holds main.py.");
    }

    private static IEnumerable<PackageFile> Below(string root)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(root).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, MaxRecursionDepth = 16 }))
        {
            string relative = System.IO.Path.GetRelativePath(root, entry.FullName).Replace('\\', '/');
            if (relative.Split('/').Any(part => part.StartsWith('.') || part == "__pycache__"))
            {
                continue;
            }

            if (entry.LinkTarget is not null)
            {
                throw CliException.Failed($"'{relative}' is a symbolic link.", "Put the file itself into the package.");
            }

            if (entry is FileInfo file)
            {
                yield return new PackageFile(relative, file.FullName, file.Length);
            }
        }
    }

    private static byte[]? FormInZip(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            ZipArchiveEntry? entry = archive.GetEntry(FormFile);
            if (entry is null || entry.Length > MaximumForm)
            {
                return null;
            }

            using Stream stream = entry.Open();
            byte[] form = new byte[MaximumForm];
            int length = stream.ReadAtLeast(form, form.Length, throwOnEndOfStream: false);
            return form[..length];
        }
        catch (InvalidDataException e)
        {
            throw CliException.Failed($"MODEL_PACKAGE_INVALID: '{path}' is not a zip file: {e.Message}");
        }
    }
}
