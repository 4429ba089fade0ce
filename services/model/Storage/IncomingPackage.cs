using System.Globalization;
using MedCloudCare.Models.Packages;
using MedCloudCare.Sealing;

namespace MedCloudCare.Models.Storage;

/// <summary>
/// A package while it arrives: its files are sealed as they come. Disposed without having been kept, nothing of it stays.
/// </summary>
public sealed class IncomingPackage : IDisposable
{
    private readonly List<PackageFile> _files = [];
    private int _next;

    internal IncomingPackage(Guid version, string directory, DataKey key, byte[] wrappedKey)
    {
        Version = version;
        Directory = directory;
        Key = key;
        WrappedKey = wrappedKey;
    }

    /// <summary>The version's id.</summary>
    public Guid Version { get; }

    /// <summary>Where its files lie.</summary>
    public string Directory { get; }

    /// <summary>The data key, wrapped.</summary>
    public byte[] WrappedKey { get; }

    /// <summary>The complete files.</summary>
    public IReadOnlyList<PackageFile> Files => _files;

    /// <summary>Bytes of the complete files.</summary>
    public long Size => _files.Sum(f => f.Size);

    internal DataKey Key { get; }

    /// <summary>Begins a file. One at a time.</summary>
    public IncomingFile Add(string path)
    {
        int position = _next++;
        return new IncomingFile(
            Path.Combine(Directory, NameOf(position)), Key, PackageStore.AssociatedDataOf(Version, path),
            (size, sha256) => _files.Add(new PackageFile(position, path, size, sha256)));
    }

    /// <summary>Opens a complete file.</summary>
    public SealedFileStream Open(PackageFile file) =>
        SealedFileStream.Open(Path.Combine(Directory, NameOf(file.Position)), Key, PackageStore.AssociatedDataOf(Version, file.Path));

    /// <summary>Takes a file out again.</summary>
    public void Remove(PackageFile file)
    {
        File.Delete(Path.Combine(Directory, NameOf(file.Position)));
        _files.Remove(file);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Key.Dispose();
        if (System.IO.Directory.Exists(Directory))
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    internal static string NameOf(int position) => position.ToString("D5", CultureInfo.InvariantCulture) + ".sealed";
}
