using System.Security.Cryptography;

namespace MedCloudCare.Sealing;

/// <summary>
/// The master keys of a mesh in one file that only its owner may read. Holds the keys that wrap data keys, one of them
/// primary, and a root from which keys of other purposes are derived; the root stays when master keys are rotated.
/// Changes that another process makes to the file (rotation) are seen by the next wrap, and by an unwrap that meets an
/// unknown key. Thread-safe. FORMAT.md describes the file.
/// </summary>
public sealed partial class Keyring : IMasterKeys
{
    private const long MaximumFileLength = 1 << 20;
    private const string DeriveLabel = "medcloudcare/derive/v1/";

    private readonly TimeProvider _time;
    private readonly bool _allowGroupRead;
    private readonly Lock _reload = new();
    private volatile Loaded _loaded;

    private Keyring(string path, bool allowGroupRead, TimeProvider time)
    {
        Path = System.IO.Path.GetFullPath(path);
        _allowGroupRead = allowGroupRead;
        _time = time;
        _loaded = Read();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The master key that wraps.</summary>
    public Guid PrimaryId => _loaded.Content.Primary;

    /// <summary>The master keys, oldest first.</summary>
    public IReadOnlyList<MasterKeyInfo> Keys => Describe(_loaded.Content);

    /// <summary>Reads a keyring.</summary>
    /// <param name="path">The file.</param>
    /// <param name="allowGroupRead">
    /// Accept a file that its group may read: a mounted Kubernetes secret with an fsGroup has mode 0440.
    /// </param>
    /// <param name="time">Clock for new keys.</param>
    /// <exception cref="KeyringException">Missing, exposed, malformed or of an unknown version.</exception>
    public static Keyring Load(string path, bool allowGroupRead = false, TimeProvider? time = null) =>
        new(path, allowGroupRead, time ?? TimeProvider.System);

    /// <summary>
    /// Reads a keyring, or makes one with a new root and one new master key where there is none. When several processes
    /// do so at once, one creates it and all get the same.
    /// </summary>
    /// <exception cref="KeyringException">The existing file is exposed, malformed or of an unknown version.</exception>
    public static Keyring LoadOrCreate(string path, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        if (!File.Exists(path))
        {
            string directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            DurableFile.CreateDirectory(directory);
            byte[] file = KeyringContent.Create(time).Format();
            try
            {
                DurableFile.Write(path, file, directory, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another process was first; its keyring is the one.
            }
            finally
            {
                CryptographicOperations.ZeroMemory(file);
            }
        }

        return Load(path, time: time);
    }

    /// <summary>
    /// A key of 32 bytes for one purpose (HKDF-SHA256 of the root, the purpose as label). The same purpose gives the
    /// same key for the life of the keyring. The caller zeroes it.
    /// </summary>
    public byte[] DeriveKey(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        byte[] key = SecretBytes.Allocate(KeySizes.KeyLength);
        SecretBytes.Derive(_loaded.Content.Root, DeriveLabel + purpose, key);
        return key;
    }

    /// <inheritdoc cref="IMasterKeys.WrapAsync"/>
    public byte[] Wrap(ReadOnlySpan<byte> key, ReadOnlySpan<byte> context)
    {
        KeyringContent content = Current();
        return WrappedKey.Wrap(content.Keys[content.Primary], key, context);
    }

    /// <inheritdoc cref="IMasterKeys.UnwrapAsync"/>
    public byte[] Unwrap(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context)
    {
        Guid id = WrappedKey.MasterKeyId(wrapped);
        if (!_loaded.Content.Keys.TryGetValue(id, out MasterKey? master) && !Reload().Keys.TryGetValue(id, out master))
        {
            throw new SealedDataException(SealedDataReason.WrongKey, $"The master key {id} is not in the keyring '{Path}'.");
        }

        return WrappedKey.Unwrap(master, wrapped, context);
    }

    /// <inheritdoc cref="IMasterKeys.RewrapAsync"/>
    public byte[]? Rewrap(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context)
    {
        if (WrappedKey.MasterKeyId(wrapped) == Current().Primary)
        {
            return null;
        }

        byte[] key = Unwrap(wrapped, context);
        try
        {
            return Wrap(key, context);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <inheritdoc/>
    public string MasterKeyIdOf(ReadOnlySpan<byte> wrapped) => WrappedKey.MasterKeyId(wrapped).ToString("D");

    ValueTask<byte[]> IMasterKeys.WrapAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Wrap(key.Span, context.Span));

    ValueTask<byte[]> IMasterKeys.UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Unwrap(wrapped.Span, context.Span));

    ValueTask<byte[]?> IMasterKeys.RewrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Rewrap(wrapped.Span, context.Span));

    /// <summary>Names the file only: nothing of a key reaches a log through this.</summary>
    public override string ToString() => $"Keyring '{Path}'";

    private static IReadOnlyList<MasterKeyInfo> Describe(KeyringContent content) =>
        [.. content.Keys.Values.OrderBy(k => k.Created).Select(k => new MasterKeyInfo(k.Id, k.Created, k.State, k.Id == content.Primary))];

    /// <summary>The content, read again when the file is another than the one that was read.</summary>
    private KeyringContent Current()
    {
        return File.GetLastWriteTimeUtc(Path) == _loaded.Written ? _loaded.Content : Reload();
    }

    private KeyringContent Reload()
    {
        lock (_reload)
        {
            return (_loaded = Read()).Content;
        }
    }

    private Loaded Read()
    {
        byte[]? bytes = null;
        try
        {
            using FileStream file = new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            UnixFileMode forbidden = (UnixFileMode)0b000_111_111 & ~(_allowGroupRead ? UnixFileMode.GroupRead : UnixFileMode.None);
            UnixFileMode mode = File.GetUnixFileMode(file.SafeFileHandle);
            if ((mode & forbidden) != 0)
            {
                throw new KeyringException(KeyringProblem.Exposed,
                    $"The keyring '{Path}' is open to others than its owner (mode {Convert.ToString((int)mode, 8)}). Run: chmod 600 '{Path}'.");
            }

            if (file.Length > MaximumFileLength)
            {
                throw new KeyringException(KeyringProblem.Malformed, $"The keyring '{Path}' is malformed: {file.Length} bytes are too many.");
            }

            DateTime written = File.GetLastWriteTimeUtc(file.SafeFileHandle);
            bytes = SecretBytes.Allocate((int)file.Length);
            file.ReadExactly(bytes);
            return new Loaded(KeyringContent.Parse(bytes, Path), written);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyringException(KeyringProblem.Missing,
                $"There is no keyring at '{Path}'. Without the one that sealed the data nothing can be opened: restore it from its backup.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private sealed record Loaded(KeyringContent Content, DateTime Written);
}
