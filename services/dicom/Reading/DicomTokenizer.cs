using System.Buffers;
using System.IO.Pipelines;

namespace MedCloudCare.Dicom;

/// <summary>
/// Forward-only tokenizer of Part 10 files (PS3.10 §7, PS3.5 §7) that works while bytes arrive, in chunks of any size, and
/// passes values on as they come. Reads explicit and implicit VR, both byte orders, deflated data sets, undefined lengths,
/// nested sequences, encapsulated pixel data, and files without preamble or meta group, whose encoding it guesses.
/// </summary>
/// <remarks>
/// Keeps at most a few hundred bytes of the file. Zero bytes after the data set are taken as padding. A file may end after
/// any element of the root; ending anywhere else is <see cref="DicomError.Truncated"/>.
/// </remarks>
public sealed partial class DicomTokenizer : IDisposable
{
    private readonly IDicomTokenSink _sink;
    private readonly DicomReadOptions _options;
    private readonly PendingBytes _pending = new();
    private readonly NestingStack _nesting;
    private Phase _phase;
    private Phase _inflatedPhase = Phase.DatasetStart;
    private long _position;
    private long _end;
    private readonly long _declaredLength;
    private int _elements;
    private Inflation? _inflation;

    /// <param name="totalLength">Bytes of the whole file, if known: then no length may point beyond its end.</param>
    public DicomTokenizer(IDicomTokenSink sink, DicomReadOptions? options = null, long? totalLength = null)
    {
        _sink = sink;
        _options = options ?? DicomReadOptions.Default;
        _nesting = new NestingStack(_options.MaxDepth);
        _declaredLength = totalLength ?? 0;
        _end = totalLength ?? long.MaxValue;
    }

    private enum Phase : byte
    {
        Start, Meta, Deflated, DatasetStart, Dataset, Padding,
    }

    /// <summary>Bytes of the file, or of the inflated data set, read so far.</summary>
    internal long Position => _position;

    /// <summary>Bytes of the file taken so far.</summary>
    public long FileLength { get; private set; }

    public bool HasPreamble { get; private set; }

    /// <summary>From the meta group, or guessed; empty before the data set starts.</summary>
    public string TransferSyntaxUid { get; private set; } = "";

    /// <summary>First byte of the data set in the file.</summary>
    public long DatasetOffset { get; private set; }

    /// <summary>Offsets of tokens count in the inflated data set.</summary>
    public bool IsInflated => _inflation is not null;

    /// <summary>Takes the next bytes of the file.</summary>
    /// <exception cref="DicomException">The file is refused; the tokenizer is of no more use.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        FileLength += bytes.Length;
        if (_phase == Phase.Deflated)
        {
            Inflate(bytes);
            return;
        }

        var input = new ByteInput(_pending, bytes);
        Run(ref input, isFinal: false);
        if (_phase == Phase.Deflated) StartInflating(ref input);
        else input.Keep();
    }

    /// <summary>Says that the file is complete.</summary>
    /// <exception cref="DicomException"><see cref="DicomError.Truncated"/>, <see cref="DicomError.NotDicom"/>.</exception>
    public void Complete()
    {
        var input = new ByteInput(_pending, []);
        if (_phase != Phase.Deflated) Run(ref input, isFinal: true);
        if (_phase == Phase.Deflated)
        {
            if (_inflation is null) StartInflating(ref input);
            _inflation!.Complete(Math.Max(FileLength, _declaredLength));
            _phase = _inflatedPhase;
            Run(ref input, isFinal: true);
        }

        _nesting.CloseFinished(this);
        var isComplete = _phase == Phase.Padding || (_phase == Phase.Dataset && !_inValue && _nesting.IsRoot && IsPadding(ref input));
        if (!isComplete) throw Fail(DicomError.Truncated, "The file ends early");
    }

    /// <summary>Reads a pipe to its end.</summary>
    /// <exception cref="DicomException">The file is refused.</exception>
    public async Task ReadAsync(PipeReader reader, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            foreach (var segment in result.Buffer) Write(segment.Span);
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCanceled) throw new OperationCanceledException(cancellationToken);
            if (!result.IsCompleted) continue;
            Complete();
            return;
        }
    }

    public void Dispose() => _inflation?.Dispose();

    private void Run(ref ByteInput input, bool isFinal)
    {
        var goOn = true;
        while (goOn)
        {
            goOn = _inValue ? ReadValue(ref input) : _phase switch
            {
                Phase.Start => ReadStart(ref input, isFinal),
                Phase.Meta => ReadMeta(ref input, isFinal),
                Phase.DatasetStart => ReadDatasetStart(ref input, isFinal),
                Phase.Dataset => ReadNext(ref input),
                Phase.Padding => input.SkipAll(),
                _ => false,
            };
        }
    }

    private void StartInflating(ref ByteInput input)
    {
        _inflation = new Inflation(_options, Tokenize);
        (_position, _end) = (0, long.MaxValue);
        var rest = ArrayPool<byte>.Shared.Rent(Math.Max(1, input.Available));
        try
        {
            var length = input.TakeAll(rest);
            Inflate(rest.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rest);
        }
    }

    private void Inflate(ReadOnlySpan<byte> bytes) => _inflation!.Write(bytes, Math.Max(FileLength, _declaredLength));

    /// <summary>Takes inflated bytes: the phase is the data set's while they are read.</summary>
    private void Tokenize(ReadOnlySpan<byte> inflated)
    {
        if (_phase == Phase.Deflated) _phase = _inflatedPhase;
        var input = new ByteInput(_pending, inflated);
        Run(ref input, isFinal: false);
        input.Keep();
        (_inflatedPhase, _phase) = (_phase, Phase.Deflated);
    }

    private static bool IsPadding(ref ByteInput input) =>
        input.Available == 0 || (input.Peek(input.Available, out var rest) && !rest.ContainsAnyExcept((byte)0));

    internal DicomException Fail(DicomError error, string message, DicomTag? tag = null) =>
        new(error, message, _position, _nesting.Path(tag ?? (_inValue ? _valueTag : null)));

    internal void Emit(DicomTokenKind kind, DicomTag tag = default, long offset = 0) =>
        _sink.OnToken(new DicomToken { Kind = kind, Tag = tag, Offset = offset });
}
