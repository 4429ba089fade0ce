namespace MedCloudCare.Dicom.Derived;

/// <summary>Reads a piece of memory without copying it into an array first.</summary>
internal sealed class ReadOnlyMemoryStream(ReadOnlyMemory<byte> memory) : ForwardStream
{
    private int _position;

    public override long Length => memory.Length;

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, memory.Length - _position);
        memory.Span.Slice(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }
}
