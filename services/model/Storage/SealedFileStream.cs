using MedCloudCare.Sealing;
using Microsoft.Win32.SafeHandles;

namespace MedCloudCare.Models.Storage;

/// <summary>The plaintext of a sealed file as a seekable stream, so that an archive can be read without being unsealed to a disk.</summary>
public sealed class SealedFileStream : Stream
{
    private const int WindowLength = 256 * 1024;

    private readonly SafeFileHandle _handle;
    private readonly FileSealedSource _source;
    private readonly SealedStreamReader _reader;
    private readonly byte[] _window = new byte[WindowLength];
    private long _windowStart;
    private int _windowLength;
    private long _position;

    private SealedFileStream(SafeFileHandle handle, FileSealedSource source, SealedStreamReader reader)
    {
        _handle = handle;
        _source = source;
        _reader = reader;
    }

    /// <summary>Opens a sealed file.</summary>
    /// <exception cref="SealedDataException">It is not one, or not under this key and associated data.</exception>
    public static SealedFileStream Open(string path, DataKey key, byte[] associatedData)
    {
        SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.Asynchronous);
        try
        {
            long length = RandomAccess.GetLength(handle);
            var source = new FileSealedSource(handle, new ByteRange(0, length));
            byte[] header = new byte[40];
            if (RandomAccess.Read(handle, header, 0) < header.Length)
            {
                throw new SealedDataException(SealedDataReason.Malformed, "A sealed file is shorter than its header.");
            }

            return new SealedFileStream(handle, source, new SealedStreamReader(key, associatedData, header, length));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _reader.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => _position = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value));
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        if (_position < _windowStart || _position >= _windowStart + _windowLength)
        {
            int length = (int)Math.Min(WindowLength, Length - _position);
            _windowLength = 0;
            await _reader.ReadExactlyAsync(_source, _position, _window.AsMemory(0, length), cancellationToken);
            (_windowStart, _windowLength) = (_position, length);
        }

        int offset = (int)(_position - _windowStart);
        int count = Math.Min(buffer.Length, _windowLength - offset);
        _window.AsMemory(offset, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Array.Clear(_window);
            _reader.Dispose();
            _handle.Dispose();
        }

        base.Dispose(disposing);
    }
}
