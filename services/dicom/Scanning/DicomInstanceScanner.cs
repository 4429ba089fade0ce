using System.Buffers;

namespace MedCloudCare.Dicom;

/// <summary>
/// Scans one file while its bytes arrive and describes it: identifiers, attributes, DICOM JSON, bulk data and frames.
/// <code>
/// using var scanner = new DicomInstanceScanner(totalLength: file.Length);
/// while (…) scanner.Write(chunk);
/// DicomInstanceInfo info = scanner.Complete();
/// </code>
/// Memory is bounded by <see cref="DicomReadOptions"/>, not by the file. After an exception the scanner is of no more use.
/// </summary>
public sealed class DicomInstanceScanner : IDisposable
{
    private readonly DicomReadOptions _options;
    private readonly DatasetBuilder _builder;
    private readonly DicomTokenizer _tokenizer;
    private DicomIdentifiers? _identifiers;

    /// <param name="totalLength">Bytes of the whole file if known: then a length beyond its end is refused as soon as it is read.</param>
    public DicomInstanceScanner(DicomReadOptions? options = null, long? totalLength = null)
    {
        _options = options ?? DicomReadOptions.Default;
        _builder = new DatasetBuilder(_options);
        _tokenizer = new DicomTokenizer(_builder, _options, totalLength);
    }

    /// <summary>The identifiers as soon as all of them have been read, long before the pixels; null before, and where they are not valid.</summary>
    public DicomIdentifiers? Identifiers => _identifiers ??= DicomIdentifiers.TryRead(_builder.Root);

    /// <summary>Takes the next bytes of the file, in chunks of any size.</summary>
    /// <exception cref="DicomException">The file is refused.</exception>
    public void Write(ReadOnlySpan<byte> bytes) => _tokenizer.Write(bytes);

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public void Write(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes) _tokenizer.Write(segment.Span);
    }

    /// <summary>Says that the file is complete.</summary>
    /// <exception cref="DicomException">The file is truncated, or lacks one of the identifying UIDs.</exception>
    public DicomInstanceInfo Complete()
    {
        _tokenizer.Complete();
        return InstanceDescriber.Describe(_tokenizer, _builder, _options.RequireIdentifiers);
    }

    public void Dispose() => _tokenizer.Dispose();

    /// <summary>Scans a stream from its position to its end.</summary>
    /// <exception cref="DicomException">The file is refused.</exception>
    public static async Task<DicomInstanceInfo> ScanAsync(Stream stream, DicomReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        var total = stream.CanSeek ? stream.Length - stream.Position : (long?)null;
        using var scanner = new DicomInstanceScanner(options, total);
        var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0) scanner.Write(buffer.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return scanner.Complete();
    }

    /// <summary>Scans a file in memory.</summary>
    /// <exception cref="DicomException">The file is refused.</exception>
    public static DicomInstanceInfo Scan(ReadOnlySpan<byte> file, DicomReadOptions? options = null)
    {
        using var scanner = new DicomInstanceScanner(options, file.Length);
        scanner.Write(file);
        return scanner.Complete();
    }
}
