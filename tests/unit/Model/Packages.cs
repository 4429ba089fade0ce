using System.IO.Compression;
using System.Text;
using MedCloudCare.Models.Packages;
using MedCloudCare.Models.Pods;
using MedCloudCare.Models.Storage;

namespace MedCloudCare.Models.Tests;

/// <summary>A real store with its own keyring.</summary>
internal sealed class TestStore : IDisposable
{
    public TestStore()
    {
        Home = Directory.CreateTempSubdirectory("mcc-store-").FullName;
        Options = new PodOptions { Store = Path.Combine(Home, "models"), Keyring = Path.Combine(Home, "keys", "keyring.json") };
        Store = new PackageStore(Microsoft.Extensions.Options.Options.Create(Options));
    }

    public string Home { get; }

    public PodOptions Options { get; }

    public PackageStore Store { get; }

    public void Dispose() => Directory.Delete(Home, recursive: true);

    /// <summary>A package with these files.</summary>
    public async Task<IncomingPackage> PackageAsync(params (string Path, string Text)[] files)
    {
        IncomingPackage package = Store.Begin();
        foreach ((string path, string text) in files)
        {
            using IncomingFile file = package.Add(path);
            await file.WriteAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
            await file.CompleteAsync(CancellationToken.None);
        }

        return package;
    }

    /// <summary>What becomes of an archive.</summary>
    public async Task<IncomingPackage> UnpackAsync(byte[] archive)
    {
        IncomingPackage package = Store.Begin();
        try
        {
            using (IncomingFile file = package.Add("package.zip"))
            {
                await file.WriteAsync(archive, CancellationToken.None);
                await file.CompleteAsync(CancellationToken.None);
            }

            PackageFile zip = package.Files[0];
            await using (SealedFileStream stream = package.Open(zip))
            {
                await ZipPackage.UnpackAsync(stream, package, CancellationToken.None);
            }

            package.Remove(zip);
            return package;
        }
        catch
        {
            package.Dispose();
            throw;
        }
    }

    /// <summary>A zip of these entries.</summary>
    public static byte[] Zip(params (string Path, byte[] Content)[] entries) => Zip(_ => { }, entries);

    /// <summary>A zip of these entries, each touched by an action.</summary>
    public static byte[] Zip(Action<ZipArchiveEntry> touch, params (string Path, byte[] Content)[] entries)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string path, byte[] content) in entries)
            {
                ZipArchiveEntry entry = zip.CreateEntry(path, CompressionLevel.Fastest);
                touch(entry);
                using Stream stream = entry.Open();
                stream.Write(content);
            }
        }

        return memory.ToArray();
    }
}
