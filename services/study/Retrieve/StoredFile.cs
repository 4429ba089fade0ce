using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using MedCloudCare.Sealing;

namespace MedCloudCare.Studies;

/// <summary>An opened file of the archive: gives ranges of its bytes, or of its inflated data set, without holding it.</summary>
internal sealed class StoredFile : IDisposable
{
    private const int Slice = 64 << 10;

    private readonly IObjectReader _object;
    private readonly bool _ownsObject;
    private readonly ISealedSource _source;
    private readonly SealedStreamReader _reader;

    private StoredFile(IObjectReader pack, bool ownsObject, StoredInstance instance, DataKey key)
    {
        _object = pack;
        _ownsObject = ownsObject;
        _source = pack.Source(instance.Place);
        _reader = new SealedStreamReader(key, StudySeals.Instance(instance.StudyId, instance.SopInstanceUid), instance.SealHeader, instance.Place.Length);
        if (_reader.Length != instance.Length)
        {
            _reader.Dispose();
            throw new SealedDataException(SealedDataReason.Malformed, "The length of a stored file is not the one it was stored with.");
        }
    }

    /// <summary>Opens a file in a pack that the caller keeps open.</summary>
    /// <exception cref="SealedDataException"/>
    public static StoredFile Open(IObjectReader pack, StoredInstance instance, DataKey key) => new(pack, ownsObject: false, instance, key);

    /// <summary>Opens a file with its pack.</summary>
    /// <exception cref="SealedDataException"/>
    /// <exception cref="ObjectMissingException"/>
    public static StoredFile Open(IObjectStore store, StoredInstance instance, DataKey key)
    {
        IObjectReader pack = store.Open(instance.PackId);
        try
        {
            return new StoredFile(pack, ownsObject: true, instance, key);
        }
        catch
        {
            pack.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of the file.</summary>
    public long Length => _reader.Length;

    /// <summary>A range of the file in pieces of at most 64 KiB. A piece is valid until the next one is asked for.</summary>
    /// <exception cref="SealedDataException">Bytes fail authentication; none of them is given out.</exception>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long offset, long length, CancellationToken cancellationToken)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new InvalidDataException("A layout names bytes beyond the end of its file.");
        }

        return _reader.ReadAsync(_source, offset, length, cancellationToken);
    }

    /// <summary>A range that a layout names: of the file, or of the inflated data set where the file is deflated.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(InstanceLayout layout, long offset, long length, CancellationToken cancellationToken) =>
        layout.IsInflated
            ? InflateAsync(layout.DatasetOffset, offset, length, cancellationToken)
            : ReadAsync(offset, length, cancellationToken);

    public void Dispose()
    {
        _reader.Dispose();
        if (_ownsObject)
        {
            _object.Dispose();
        }
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> InflateAsync(
        long datasetOffset, long offset, long length, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Pipe pipe = new(new PipeOptions(useSynchronizationContext: false));
        Task feeding = FeedAsync(pipe.Writer, datasetOffset, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Slice);
        try
        {
            await using DeflateStream inflating = new(pipe.Reader.AsStream(), CompressionMode.Decompress);
            while (offset > 0)
            {
                int skipped = await inflating.ReadAsync(buffer.AsMemory(0, (int)Math.Min(offset, Slice)), cancellationToken);
                offset -= skipped > 0 ? skipped : throw new InvalidDataException("A layout names bytes beyond the end of its data set.");
            }

            while (length > 0)
            {
                int read = await inflating.ReadAsync(buffer.AsMemory(0, (int)Math.Min(length, Slice)), cancellationToken);
                length -= read > 0 ? read : throw new InvalidDataException("A layout names bytes beyond the end of its data set.");
                yield return buffer.AsMemory(0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
            await pipe.Reader.CompleteAsync();
            await feeding;
        }
    }

    private async Task FeedAsync(PipeWriter writer, long datasetOffset, CancellationToken cancellationToken)
    {
        try
        {
            await _reader.CopyToAsync(_source, datasetOffset, Length - datasetOffset, writer, cancellationToken);
            await writer.CompleteAsync();
        }
        catch (Exception e)
        {
            await writer.CompleteAsync(e);
        }
    }
}
