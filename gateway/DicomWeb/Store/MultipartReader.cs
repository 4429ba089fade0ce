using System.Buffers;
using System.Text;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>
/// Reads multipart bodies (RFC 2046 §5.1) forward only: one part's headers, then its bytes as slices of one buffer, then the
/// next part. Nothing is kept beyond that buffer, whatever the sizes of parts. Line ends are CRLF, as the standard demands;
/// boundary lines may have trailing blanks; preamble and epilogue are skipped.
/// </summary>
internal sealed class MultipartReader : IDisposable
{
    /// <summary>Of the headers of one part.</summary>
    public const int MaxHeaderBytes = 16 * 1024;

    private const int MaxHeaders = 32;
    private const int MaxPreambleBytes = 64 * 1024;

    // RFC 2046 says 70; Orthanc sends 73.
    private const int MaxBoundaryLength = 128;
    private const int BufferSize = 256 * 1024;

    // Slices shorter than this wait for more bytes, unless the part ends: each becomes a message of its own.
    private const int WantedSlice = 64 * 1024;

    private readonly Stream _body;
    private readonly byte[] _delimiter;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly int _maxParts;
    private int _start;
    private int _end;
    private int _parts;
    private bool _bodyEnded;
    private State _state = State.Preamble;

    /// <param name="body">Read from its beginning; not disposed.</param>
    /// <param name="boundary">The boundary parameter of the Content-Type.</param>
    /// <exception cref="MultipartException">The boundary is not of the characters of RFC 2046 §5.1.1, or too long.</exception>
    public MultipartReader(Stream body, string boundary, int maxParts)
    {
        if (boundary.Length is 0 or > MaxBoundaryLength || boundary[^1] == ' ' || !boundary.All(IsBoundaryCharacter))
        {
            throw new MultipartException("the boundary is not 1 to 128 of the characters allowed");
        }

        (_body, _maxParts) = (body, maxParts);
        _delimiter = Encoding.ASCII.GetBytes("\r\n--" + boundary);

        // The first boundary may stand at the very beginning: with a line end before it, it looks like all others.
        _buffer[0] = (byte)'\r';
        _buffer[1] = (byte)'\n';
        _end = 2;
    }

    private enum State
    {
        Preamble,
        Body,
        BetweenParts,
        Ended,
    }

    /// <summary>Skips what is left of the current part and reads the headers of the next one, by lower-case name; null after the last.</summary>
    /// <exception cref="MultipartException">The body is malformed, ends too early or is over a limit.</exception>
    public async ValueTask<IReadOnlyDictionary<string, string>?> ReadPartAsync(CancellationToken cancellation)
    {
        if (_state == State.Preamble) await SkipPreambleAsync(cancellation);
        while (_state == State.Body && !(await ReadBodyAsync(cancellation)).IsEmpty) { }
        if (_state == State.Ended || !await ReadBoundaryLineAsync(cancellation)) return null;
        if (_parts++ == _maxParts) throw new MultipartLimitException("parts of one request", _maxParts);
        return await ReadHeadersAsync(cancellation);
    }

    /// <summary>The next bytes of the current part; empty at its end. Valid until the next call.</summary>
    /// <exception cref="MultipartException">The body ends within the part.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(CancellationToken cancellation)
    {
        if (_state != State.Body) return default;
        var scanned = 0;
        while (true)
        {
            var at = Buffered.Span[scanned..].IndexOf(_delimiter);
            if (at >= 0)
            {
                if (scanned + at > 0) return Take(scanned + at);
                _start += _delimiter.Length;
                _state = State.BetweenParts;
                return default;
            }

            // What cannot be the beginning of a delimiter belongs to the part.
            scanned = Math.Max(0, _end - _start - _delimiter.Length + 1);
            if (scanned >= WantedSlice) return Take(scanned);
            if (!await FillAsync(cancellation)) throw new MultipartException($"the body ends within part {_parts}, without a closing boundary");
        }
    }

    /// <summary>Reads the rest of the body, so that the connection can be used again.</summary>
    public async ValueTask DrainAsync(int maxBytes, CancellationToken cancellation)
    {
        for (var left = maxBytes; left > 0;)
        {
            var read = await _body.ReadAsync(_buffer.AsMemory(0, Math.Min(left, _buffer.Length)), cancellation);
            if (read == 0) return;
            left -= read;
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private ReadOnlyMemory<byte> Buffered => _buffer.AsMemory(_start, _end - _start);

    private ReadOnlyMemory<byte> Take(int length)
    {
        var slice = _buffer.AsMemory(_start, length);
        _start += length;
        return slice;
    }

    private async ValueTask SkipPreambleAsync(CancellationToken cancellation)
    {
        var skipped = 0;
        while (true)
        {
            var at = Buffered.Span.IndexOf(_delimiter);
            if (at >= 0)
            {
                _start += at + _delimiter.Length;
                _state = State.BetweenParts;
                return;
            }

            var skip = Math.Max(0, _end - _start - _delimiter.Length + 1);
            _start += skip;
            if ((skipped += skip) > MaxPreambleBytes) throw new MultipartException("there is no boundary in the first 64 KiB");
            if (!await FillAsync(cancellation)) throw new MultipartException("the boundary of the Content-Type does not occur in the body");
        }
    }

    /// <summary>Reads the end of a boundary line.</summary>
    /// <returns>False for the closing one.</returns>
    private async ValueTask<bool> ReadBoundaryLineAsync(CancellationToken cancellation)
    {
        await NeedAsync(2, cancellation);
        if (Buffered.Span.StartsWith("--"u8))
        {
            _state = State.Ended;
            return false;
        }

        while (Buffered.Span[0] is (byte)' ' or (byte)'\t')
        {
            _start++;
            await NeedAsync(2, cancellation);
        }

        if (!Buffered.Span.StartsWith("\r\n"u8)) throw new MultipartException("a boundary line does not end after the boundary");
        return true;
    }

    /// <summary>Reads the header block; the buffer is at the line end before it.</summary>
    private async ValueTask<IReadOnlyDictionary<string, string>> ReadHeadersAsync(CancellationToken cancellation)
    {
        int length;
        while ((length = Buffered.Span.IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (_end - _start > MaxHeaderBytes) break;
            if (!await FillAsync(cancellation)) throw new MultipartException($"the body ends within the headers of part {_parts + 1}");
        }

        if (length is < 0 or > MaxHeaderBytes) throw new MultipartLimitException("bytes of the headers of a part", MaxHeaderBytes);
        var headers = ParseHeaders(Encoding.Latin1.GetString(Buffered.Span[..length]));
        _start += length + 2;

        // A part without a body may end with the blank line's own line end (RFC 2046 §5.1.1: it belongs to the delimiter).
        while (_end - _start < _delimiter.Length && await FillAsync(cancellation)) { }
        if (!Buffered.Span.StartsWith(_delimiter)) _start += 2;
        _state = State.Body;
        return headers;
    }

    private static Dictionary<string, string> ParseHeaders(string block)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

        // Folded lines (obs-fold) are one header.
        foreach (var line in block.Replace("\r\n ", " ", StringComparison.Ordinal).Replace("\r\n\t", " ", StringComparison.Ordinal).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) throw new MultipartException("a header line of a part has no name");
            if (headers.Count == MaxHeaders) throw new MultipartLimitException("headers of a part", MaxHeaders);
            if (!headers.TryAdd(line[..colon].TrimEnd().ToLowerInvariant(), line[(colon + 1)..].Trim())) throw new MultipartException("a part has a header twice");
        }

        return headers;
    }

    private async ValueTask NeedAsync(int count, CancellationToken cancellation)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync(cancellation)) throw new MultipartException("the body ends within a boundary line");
        }
    }

    /// <summary>Reads more bytes behind those in the buffer. There is room: a slice is taken, or a limit met, long before it is full.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_bodyEnded) return false;
        if (_start > 0 && _buffer.Length - _end < WantedSlice)
        {
            Buffered.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = await _body.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        _bodyEnded = read == 0;
        return read > 0;
    }

    private static bool IsBoundaryCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "'()+_,-./:=? ".Contains(c, StringComparison.Ordinal);
}
