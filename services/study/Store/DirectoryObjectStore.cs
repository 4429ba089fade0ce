using System.Diagnostics.CodeAnalysis;
using MedCloudCare.Sealing;
using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Studies;

/// <summary>
/// Objects as files in 256 shards of a directory. While an object is written, a marker in <c>open/</c> is locked (flock)
/// by its writer: a marker without a lock is what a crash leaves behind. Replicas may share the directory (one host, or a
/// file system with flock).
/// </summary>
public sealed class DirectoryObjectStore : IObjectStore
{
    private const string Extension = ".pack";
    private readonly string _root;
    private readonly string _open;

    /// <summary>Opens the store, making its directories (mode 0700) where there are none.</summary>
    public DirectoryObjectStore(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _root = Path.GetFullPath(directory);
        _open = Path.Combine(_root, "open");
        CreateDirectory(_root);
        CreateDirectory(_open);
        for (int shard = 0; shard < 256; shard++)
        {
            CreateDirectory(Path.Combine(_root, shard.ToString("x2")));
        }

        DurableDirectory.Flush(_root);
    }

    /// <inheritdoc/>
    public IObjectAppender Create(Guid id)
    {
        // The marker first: a file without one is never looked at by recovery.
        FileStream marker = OpenMarker(id, FileMode.CreateNew);
        try
        {
            return new FileAppender(id, this, marker);
        }
        catch
        {
            marker.Dispose();
            File.Delete(MarkerOf(id));
            throw;
        }
    }

    /// <inheritdoc/>
    public IObjectReader Open(Guid id)
    {
        try
        {
            return new FileReader(File.OpenHandle(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (FileNotFoundException e)
        {
            throw new ObjectMissingException(id, e);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(Guid id, CancellationToken cancellationToken)
    {
        File.Delete(PathOf(id));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<StoredObject?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        FileInfo file = new(PathOf(id));
        return Task.FromResult<StoredObject?>(file.Exists ? new StoredObject(id, file.Length, file.LastWriteTimeUtc) : null);
    }

    /// <inheritdoc/>
    public bool IsClosed(Guid id) => !File.Exists(MarkerOf(id));

    /// <inheritdoc/>
    public async Task<int> RecoverAsync(Func<Guid, CancellationToken, Task<long?>> committedLength, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(committedLength);
        int ended = 0;
        foreach (string path in Directory.EnumerateFiles(_open))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Guid.TryParseExact(Path.GetFileName(path), "N", out Guid id) || !TryTakeOver(id, out FileStream? marker))
            {
                continue;
            }

            using (marker)
            {
                if (await committedLength(id, cancellationToken).ConfigureAwait(false) is { } length)
                {
                    Cut(id, length);
                }
                else
                {
                    DeleteIfEmpty(id);
                }

                File.Delete(path);
            }

            ended++;
        }

        return ended;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(CancellationToken cancellationToken) => List().ToAsyncEnumerable();

    /// <inheritdoc cref="ListAsync"/>
    public IEnumerable<StoredObject> List()
    {
        for (int shard = 0; shard < 256; shard++)
        {
            DirectoryInfo directory = new(Path.Combine(_root, shard.ToString("x2")));
            foreach (FileInfo file in directory.EnumerateFiles("*" + Extension))
            {
                if (Guid.TryParseExact(Path.GetFileNameWithoutExtension(file.Name), "N", out Guid id))
                {
                    yield return new StoredObject(id, file.Length, file.LastWriteTimeUtc);
                }
            }
        }
    }

    internal string PathOf(Guid id)
    {
        string name = id.ToString("N");
        return Path.Combine(_root, name[^2..], name + Extension);
    }

    internal string MarkerOf(Guid id) => Path.Combine(_open, id.ToString("N"));

    private FileStream OpenMarker(Guid id, FileMode mode) => new(MarkerOf(id), new FileStreamOptions
    {
        Mode = mode,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        BufferSize = 0,
        UnixCreateMode = mode == FileMode.CreateNew ? UnixFileMode.UserRead | UnixFileMode.UserWrite : null,
    });

    private bool TryTakeOver(Guid id, [NotNullWhen(true)] out FileStream? marker)
    {
        try
        {
            marker = OpenMarker(id, FileMode.Open);
            return true;
        }
        catch (IOException)
        {
            // Locked by its writer, or ended meanwhile.
            marker = null;
            return false;
        }
    }

    /// <summary>
    /// Removes what lies beyond the committed length, but for complete groups: they were never acknowledged, or the database is
    /// older than the store, having been restored, and then they are what a rebuild finds again.
    /// </summary>
    private void Cut(Guid id, long length)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(PathOf(id), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            long end = PackTail.EndOfLastGroup(file, length);
            if (RandomAccess.GetLength(file) > end)
            {
                RandomAccess.SetLength(file, end);
                RandomAccess.FlushToDisk(file);
            }
        }
        catch (FileNotFoundException)
        {
            // Reported when it is read: the marker says nothing about it any more.
        }
    }

    /// <summary>
    /// Removes an object that nothing refers to and that holds no complete group. One that does is left to the sweep of
    /// orphans, which waits: where the database was lost, it is what a rebuild needs.
    /// </summary>
    private void DeleteIfEmpty(Guid id)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(PathOf(id), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (PackTail.EndOfLastGroup(file, PackFormat.HeaderLength) > PackFormat.HeaderLength)
            {
                return;
            }
        }
        catch (FileNotFoundException)
        {
            return;
        }

        File.Delete(PathOf(id));
    }

    private static void CreateDirectory(string path) =>
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    private sealed class FileReader(SafeFileHandle file) : IObjectReader
    {
        public ISealedSource Source(ByteRange place) => new FileSealedSource(file, place);

        public void Dispose() => file.Dispose();
    }

    private sealed class FileAppender : IObjectAppender
    {
        private readonly DirectoryObjectStore _store;
        private readonly FileStream _marker;
        private readonly SafeFileHandle _file;
        private bool _entryFlushed;

        public FileAppender(Guid id, DirectoryObjectStore store, FileStream marker)
        {
            Id = id;
            _store = store;
            _marker = marker;
            _file = File.OpenHandle(store.PathOf(id), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        public Guid Id { get; }

        public long Length { get; private set; }

        public bool HoldsOneGroup => false;

        public bool IsCongested => false;

        public ValueTask WaitForRoomAsync() => default;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(_file, bytes, Length);
            Length += bytes.Length;
        }

        public void Truncate(long length)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
            RandomAccess.SetLength(_file, length);
            Length = length;
        }

        public async ValueTask FlushAsync(CancellationToken cancellationToken)
        {
            await Task.Run(() => RandomAccess.FlushToDisk(_file), cancellationToken).ConfigureAwait(false);
            if (!_entryFlushed)
            {
                DurableDirectory.Flush(Path.GetDirectoryName(_store.PathOf(Id))!);
                _entryFlushed = true;
            }
        }

        public void Discard()
        {
            File.Delete(_store.PathOf(Id));
            Dispose();
        }

        public void Abandon()
        {
            _file.Dispose();
            _marker.Dispose();
        }

        public void Dispose()
        {
            if (!_file.IsClosed)
            {
                _file.Dispose();
                File.Delete(_store.MarkerOf(Id));
                _marker.Dispose();
            }
        }
    }
}
