namespace MedCloudCare.Cli.Output;

/// <summary>Columns of plain text, aligned, without frames: good for eyes, grep and awk alike.</summary>
internal sealed class TextTable(params string[] headings)
{
    private const int MaximumWidth = 64;
    private readonly List<string[]> _rows = [headings];

    /// <summary>Adds a row; it has as many cells as there are headings.</summary>
    public void Add(params string[] cells) => _rows.Add([.. cells.Select(c => Terminal.Safe(c).ReplaceLineEndings(" "))]);

    /// <summary>Writes heading and rows to standard output; nothing if there are no rows.</summary>
    public void Write()
    {
        if (_rows.Count == 1)
        {
            return;
        }

        int[] widths = [.. Enumerable.Range(0, headings.Length).Select(c => Math.Min(MaximumWidth, _rows.Max(r => r[c].Length)))];
        foreach (string[] row in _rows)
        {
            Terminal.Result(string.Join("  ", row.Select((cell, c) => c == row.Length - 1 ? cell : cell.PadRight(widths[c]))).TrimEnd());
        }
    }
}
