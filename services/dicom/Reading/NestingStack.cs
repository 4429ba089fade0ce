using System.Globalization;
using System.Text;

namespace MedCloudCare.Dicom;

internal enum NestingKind : byte
{
    Sequence, Item, Fragments,
}

/// <summary>An open sequence, item or run of fragments.</summary>
/// <param name="End">Where it ends; -1 if a delimiter tells.</param>
/// <param name="Limit">Where it must end at the latest: its own end or that of what contains it.</param>
internal record struct Nesting(NestingKind Kind, DicomTag Tag, long End, long Limit, bool IsImplicit, bool IsBigEndian)
{
    /// <summary>Items of a sequence begun so far; elements of an item begun so far.</summary>
    public int Children;
}

/// <summary>The explicit stack of what is open, with a cap.</summary>
internal sealed class NestingStack(int maxDepth)
{
    private Nesting[] _open = new Nesting[8];
    private int _count;
    private int _sequences;

    public bool IsRoot => _count == 0;

    public ref Nesting Top => ref _open[_count - 1];

    public bool TryPush(in Nesting nesting)
    {
        if (nesting.Kind == NestingKind.Sequence && ++_sequences > maxDepth) return false;
        if (_count == _open.Length) Array.Resize(ref _open, _count * 2);
        _open[_count++] = nesting;
        return true;
    }

    /// <summary>Closes the innermost one and says so.</summary>
    public void Pop(DicomTokenizer tokenizer, long offset)
    {
        var closed = _open[--_count];
        if (closed.Kind == NestingKind.Sequence) _sequences--;
        tokenizer.Emit(
            closed.Kind switch
            {
                NestingKind.Sequence => DicomTokenKind.SequenceEnd,
                NestingKind.Item => DicomTokenKind.ItemEnd,
                _ => DicomTokenKind.FragmentsEnd,
            },
            closed.Tag,
            offset);
    }

    /// <summary>Closes all of defined length that end here.</summary>
    public void CloseFinished(DicomTokenizer tokenizer)
    {
        while (_count > 0 && Top.End == tokenizer.Position) Pop(tokenizer, tokenizer.Position);
    }

    /// <summary>Tags and item numbers down to the innermost element.</summary>
    public string Path(DicomTag? element)
    {
        var path = new StringBuilder();
        for (var i = 0; i < _count; i++)
        {
            var open = _open[i];
            if (open.Kind == NestingKind.Item) path.Append(CultureInfo.InvariantCulture, $"{_open[i - 1].Children - 1}/");
            else path.Append(CultureInfo.InvariantCulture, $"{open.Tag}/");
        }

        if (element is { } tag) path.Append(CultureInfo.InvariantCulture, $"{tag}");
        return path.ToString().TrimEnd('/');
    }
}
