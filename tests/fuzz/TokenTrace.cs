using MedCloudCare.Dicom;

namespace MedCloudCare.Fuzz;

/// <summary>A pass of the tokenizer over a file: a hash of all tokens, values joined, and how it ended.</summary>
public sealed class TokenTrace : IDicomTokenSink
{
    private readonly Stack<DicomTokenKind> _open = new();
    private HashCode _hash;
    private int _tokens;
    private long _valueLength;
    private long _expected;

    /// <summary>The error, or null when the file was read to its end.</summary>
    public DicomException? Error { get; private set; }

    public bool IsDeflateFault => Error?.Error is DicomError.CorruptDeflate or DicomError.InflatedTooLarge;

    /// <summary>Equal for two passes that brought the same tokens and ended alike.</summary>
    public (int Hash, int Tokens, DicomError? Error, long Offset, string? Path) Outcome => (_hash.ToHashCode(), _tokens, Error?.Error, Error?.Offset ?? 0, Error?.Path);

    public static TokenTrace Of(ReadOnlySpan<byte> file, long? length, ReadOnlySpan<byte> cuts)
    {
        var trace = new TokenTrace();
        using var tokenizer = new DicomTokenizer(trace, FuzzTarget.Options, length);
        try
        {
            foreach (var range in new Cuts(file.Length, cuts)) tokenizer.Write(file[range]);
            tokenizer.Complete();
            if (trace._open.Count > 0) throw new FindingException($"{trace._open.Peek()} was never ended");
        }
        catch (DicomException e)
        {
            trace.Error = e;
        }

        return trace;
    }

    public void OnToken(in DicomToken token)
    {
        if (token.Kind == DicomTokenKind.Value)
        {
            foreach (var b in token.Value) _hash.Add(b);
            _valueLength += token.Value.Length;
            return;
        }

        _tokens++;
        _hash.Add((token.Kind, token.Tag.Value, token.VR, token.IsVRInferred, token.IsBigEndian, token.Length, token.Offset));
        switch (token.Kind)
        {
            case DicomTokenKind.ElementStart or DicomTokenKind.FragmentStart:
                (_valueLength, _expected) = (0, token.Length);
                _open.Push(token.Kind);
                break;
            case DicomTokenKind.SequenceStart or DicomTokenKind.ItemStart or DicomTokenKind.FragmentsStart:
                _open.Push(token.Kind);
                break;
            case DicomTokenKind.ElementEnd: Close(DicomTokenKind.ElementStart); break;
            case DicomTokenKind.FragmentEnd: Close(DicomTokenKind.FragmentStart); break;
            case DicomTokenKind.SequenceEnd: Close(DicomTokenKind.SequenceStart); break;
            case DicomTokenKind.ItemEnd: Close(DicomTokenKind.ItemStart); break;
            case DicomTokenKind.FragmentsEnd: Close(DicomTokenKind.FragmentsStart); break;
        }
    }

    private void Close(DicomTokenKind start)
    {
        if (!_open.TryPop(out var open) || open != start) throw new FindingException($"{start} is not what is open");
        if (start is DicomTokenKind.ElementStart or DicomTokenKind.FragmentStart && _valueLength != _expected)
        {
            throw new FindingException($"{_valueLength} bytes of a value of {_expected}");
        }
    }
}
