using System.Buffers;
using System.IO.Compression;

namespace MedCloudCare.Dicom;

/// <summary>Takes bytes of a raw deflate stream (RFC 1951) as they arrive, with limits against bombs.</summary>
internal sealed class Inflation : IDisposable
{
    private const int BufferSize = 32 << 10;

    private readonly DicomReadOptions _options;
    private readonly Action<ReadOnlySpan<byte>> _output;
    private readonly Feed _feed = new();
    private readonly DeflateStream _deflate;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private long _inflated;
    private bool _disposed;

    public Inflation(DicomReadOptions options, Action<ReadOnlySpan<byte>> output)
    {
        (_options, _output) = (options, output);
        _deflate = new DeflateStream(_feed, CompressionMode.Decompress);
    }

    /// <param name="fileLength">Bytes of the file so far, for the ratio.</param>
    public void Write(ReadOnlySpan<byte> deflated, long fileLength)
    {
        // The stream reads from the feed when it wants bytes and takes its 0 as "none now", not as the end.
        while (!deflated.IsEmpty)
        {
            var part = deflated[..Math.Min(deflated.Length, Feed.Capacity)];
            _feed.Fill(part);
            deflated = deflated[part.Length..];
            Drain(fileLength);
        }
    }

    public void Complete(long fileLength) => Drain(fileLength);

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _deflate.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private void Drain(long fileLength)
    {
        while (true)
        {
            int read;
            try
            {
                read = _deflate.Read(_buffer, 0, BufferSize);
            }
            catch (InvalidDataException e)
            {
                throw new DicomException(DicomError.CorruptDeflate, "The deflated data set is corrupt", _inflated, inner: e);
            }

            if (read == 0) return;
            _inflated += read;
            if (_inflated > _options.MaxInflatedBytes || (_inflated > _options.InflateRatioFrom && _inflated / fileLength > _options.MaxInflateRatio))
            {
                throw new DicomException(DicomError.InflatedTooLarge, "The deflated data set inflates beyond the limit", _inflated);
            }

            _output(_buffer.AsSpan(0, read));
        }
    }

    /// <summary>The bytes that wait to be inflated, as the stream that DeflateStream wants.</summary>
    private sealed class Feed : ForwardStream
    {
        public const int Capacity = 16 << 10;

        private readonly byte[] _bytes = new byte[Capacity];
        private int _start;
        private int _end;

        /// <summary>Replaces what is left: only bytes after the end of the deflate stream are ever left.</summary>
        public void Fill(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_bytes);
            (_start, _end) = (0, bytes.Length);
        }

        public override int Read(Span<byte> buffer)
        {
            var length = Math.Min(buffer.Length, _end - _start);
            _bytes.AsSpan(_start, length).CopyTo(buffer);
            _start += length;
            return length;
        }
    }
}
