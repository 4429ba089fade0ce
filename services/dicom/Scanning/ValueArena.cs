namespace MedCloudCare.Dicom;

/// <summary>Cuts values from shared blocks, so that thousands of short ones do not become thousands of arrays.</summary>
internal sealed class ValueArena(int maxBytes)
{
    private const int MaxBlock = 16 << 10;

    private Memory<byte> _block;
    private int _nextBlock = 1 << 10;
    private int _taken;

    /// <exception cref="DicomException"><see cref="DicomError.MetadataTooLarge"/>.</exception>
    public Memory<byte> Take(int length)
    {
        if (length > maxBytes - _taken) throw new DicomException(DicomError.MetadataTooLarge, $"The attributes hold more than {maxBytes} bytes");
        _taken += length;
        if (length > MaxBlock / 4) return new byte[length];
        if (length > _block.Length)
        {
            _block = new byte[Math.Max(_nextBlock, length)];
            _nextBlock = Math.Min(_nextBlock * 2, MaxBlock);
        }

        var value = _block[..length];
        _block = _block[length..];
        return value;
    }
}
