namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>Native pixel data handed on as they come, in little endian.</summary>
/// <param name="swapUnit">Bytes that change their order; 1: none do.</param>
internal sealed class PixelPieces(int swapUnit, Queue<byte[]> ready)
{
    private byte[] _rest = [];

    public void Add(ReadOnlySpan<byte> value)
    {
        byte[] piece = [.. _rest, .. value];
        var whole = piece.Length - (piece.Length % swapUnit);
        _rest = piece[whole..];
        Swap(piece.AsSpan(0, whole), swapUnit);
        ready.Enqueue(whole == piece.Length ? piece : piece[..whole]);
    }

    public void End()
    {
        if (_rest.Length > 0) ready.Enqueue(_rest);
    }

    public static void Swap(Span<byte> cells, int unit)
    {
        for (; unit > 1 && cells.Length >= unit; cells = cells[unit..]) cells[..unit].Reverse();
    }
}
