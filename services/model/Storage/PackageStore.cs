using System.Security.Cryptography;
using MedCloudCare.Sealing;
using Microsoft.Extensions.Options;
using MedCloudCare.Models.Pods;

namespace MedCloudCare.Models.Storage;

/// <summary>
/// Sealed packages in a directory: one directory a version, one sealed stream a file (services/sealing/FORMAT.md), under a
/// data key of the version's own. A package is written in <c>incoming</c> and moved into place when it is complete.
/// </summary>
public sealed class PackageStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string KeyContext = "model-version";
    private const string FileContext = "model-file";

    private readonly Keyring _keyring;
    private readonly string _root;
    private readonly string _incoming;

    /// <param name="options">Where the store and the keyring are.</param>
    public PackageStore(IOptions<PodOptions> options)
    {
        _keyring = Keyring.LoadOrCreate(options.Value.Keyring);
        _root = Path.GetFullPath(options.Value.Store);
        _incoming = Path.Combine(_root, "incoming");
        Directory.CreateDirectory(_root, OwnerOnly);
        if (Directory.Exists(_incoming))
        {
            // Uploads that a crash has cut off.
            Directory.Delete(_incoming, recursive: true);
        }

        Directory.CreateDirectory(_incoming, OwnerOnly);
    }

    /// <summary>Begins a package of a new version.</summary>
    public IncomingPackage Begin()
    {
        Guid version = Guid.NewGuid();
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        try
        {
            string directory = Path.Combine(_incoming, version.ToString("N"));
            Directory.CreateDirectory(directory, OwnerOnly);
            return new IncomingPackage(version, directory, DataKey.FromSecret(version, secret), _keyring.Wrap(secret, KeyContextOf(version)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Moves a complete package into place. Durable when this has returned.</summary>
    public void Keep(IncomingPackage package)
    {
        DurableDirectory.Flush(package.Directory);
        Directory.Move(package.Directory, DirectoryOf(package.Version));
        DurableDirectory.Flush(_root);
    }

    /// <summary>Removes the package of a version that did not come to be.</summary>
    public void Drop(Guid version)
    {
        string directory = DirectoryOf(version);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The versions whose packages are in the store and were put there before a moment.</summary>
    public IEnumerable<Guid> KeptBefore(DateTime moment) =>
        from directory in new DirectoryInfo(_root).EnumerateDirectories()
        where directory.Name != "incoming" && directory.LastWriteTimeUtc < moment
        let id = Guid.TryParseExact(directory.Name, "N", out Guid version) ? version : Guid.Empty
        where id != Guid.Empty
        select id;

    /// <summary>Writes the unsealed files of a version to a directory.</summary>
    /// <exception cref="SealedDataException">A file was tampered with.</exception>
    public async Task UnpackAsync(VersionRow version, IReadOnlyList<FileRow> files, string directory, CancellationToken cancellationToken)
    {
        using DataKey key = Open(version);
        foreach (FileRow file in files)
        {
            string target = Path.Combine(directory, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!, OwnerOnly);
            await using FileStream output = File.Create(target);
            string sealedPath = Path.Combine(DirectoryOf(version.Id), IncomingPackage.NameOf(file.Position));
            using var input = SealedFileStream.Open(sealedPath, key, AssociatedDataOf(version.Id, file.Path));
            if (input.Length != file.Size)
            {
                throw new InvalidDataException($"File {file.Position} of version {version.Id} has another size than was recorded.");
            }

            await input.CopyToAsync(output, cancellationToken);
        }
    }

    /// <summary>What a file is sealed to.</summary>
    public static byte[] AssociatedDataOf(Guid version, string path) => AssociatedData.Of(FileContext, version.ToString("D"), path);

    /// <summary>The master key that wraps the key of a version.</summary>
    public string MasterKeyOf(byte[] wrapped) => _keyring.MasterKeyIdOf(wrapped);

    /// <summary>The key of a version under the primary master key; null when it is under it already.</summary>
    /// <exception cref="SealedDataException">It cannot be opened.</exception>
    public byte[]? Rewrap(Guid version, byte[] wrapped) => _keyring.Rewrap(wrapped, KeyContextOf(version));

    private DataKey Open(VersionRow version)
    {
        byte[] secret = _keyring.Unwrap(version.WrappedKey, KeyContextOf(version.Id));
        try
        {
            return DataKey.FromSecret(version.Id, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static byte[] KeyContextOf(Guid version) => AssociatedData.Of(KeyContext, version.ToString("D"));

    private string DirectoryOf(Guid version) => Path.Combine(_root, version.ToString("N"));
}
