using MedCloudCare.TestSupport;

namespace MedCloudCare.BrowserTests;

/// <summary>What models/tissue/main.py answers for one slice, worked out from the file alone.</summary>
internal sealed class ExpectedLabels
{
    private readonly byte[] _file;
    private readonly int _slice;
    private readonly int _slices;
    private readonly int _rows;
    private readonly int _columns;

    public ExpectedLabels(SyntheticSeries series, string sopInstanceUid, int rows, int columns)
    {
        _slice = series.SopInstanceUids.IndexOf(sopInstanceUid);
        _slices = series.Files.Count;
        _file = series.Files[_slice];
        (_rows, _columns) = (rows, columns);
    }

    /// <summary>Whether the pixel belongs to a segment.</summary>
    public bool this[int row, int column]
    {
        get
        {
            if (row < 0 || column < 0 || row >= _rows || column >= _columns) return false;
            if (row < _rows / 2 && column < _columns * (_slice + 1) / (2 * _slices)) return false;

            // Pixel Data is the last element of the file.
            var fromEnd = ((_rows * _columns) - ((row * _columns) + column)) * sizeof(ushort);
            return BitConverter.ToUInt16(_file, _file.Length - fromEnd) is >= 300 and < 1000;
        }
    }
}
