using System.Buffers;
using System.Security.Cryptography;
using MedCloudCare.Sealing;

namespace MedCloudCare.Models.Storage;

/// <summary>A file of a package while it arrives.</summary>
public sealed class IncomingFile : IDisposable
{
    private readonly ArrayBufferWriter<byte> _sealed = new(128 * 1024);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SealedStreamWriter _writer;
    private readonly FileStream _file;
    private readonly Action<long, byte[]> _completed;

    internal IncomingFile(string path, DataKey key, byte[] associatedData, Action<long, byte[]> completed)
    {
        _file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        _writer = new SealedStreamWriter(key, associatedData, _sealed);
        _completed = completed;
    }

    /// <summary>Bytes that have arrived.</summary>
    public long Size => _writer.PlaintextLength;

    /// <summary>Seals more of the file.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _hash.AppendData(bytes.Span);
        _writer.Write(bytes.Span);
        await DrainAsync(cancellationToken);
    }

    /// <summary>Ends the file. Durable when this has returned.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        _writer.Complete();
        await DrainAsync(cancellationToken);
        _file.Flush(flushToDisk: true);
        _completed(_writer.PlaintextLength, _hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _hash.Dispose();
        _file.Dispose();
    }

    private async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        await _file.WriteAsync(_sealed.WrittenMemory, cancellationToken);
        _sealed.ResetWrittenCount();
    }
}
