namespace MedCloudCare.Dicom;

/// <summary>Bytes of a header that came apart between two chunks.</summary>
internal sealed class PendingBytes
{
    /// <summary>Holds the longest look-ahead, preamble, magic and the first header, with room to move.</summary>
    public readonly byte[] Buffer = new byte[512];

    public int Start;
    public int Count;
}

/// <summary>Pending bytes followed by a chunk, seen as one run of bytes.</summary>
internal ref struct ByteInput(PendingBytes pending, ReadOnlySpan<byte> chunk)
{
    private ReadOnlySpan<byte> _chunk = chunk;

    public readonly int Available => pending.Count + _chunk.Length;

    /// <summary>Looks at the next bytes as one span, without taking them.</summary>
    public bool Peek(int count, out ReadOnlySpan<byte> bytes)
    {
        if (pending.Count == 0)
        {
            var enough = _chunk.Length >= count;
            bytes = enough ? _chunk[..count] : default;
            return enough;
        }

        if (Available < count)
        {
            bytes = default;
            return false;
        }

        if (pending.Count < count) Pull(count - pending.Count);
        bytes = pending.Buffer.AsSpan(pending.Start, count);
        return true;
    }

    /// <summary>Takes bytes that were looked at.</summary>
    public void Skip(int count)
    {
        if (pending.Count == 0)
        {
            _chunk = _chunk[count..];
            return;
        }

        pending.Start += count;
        pending.Count -= count;
    }

    /// <summary>Takes at least one and at most <paramref name="limit"/> bytes, if there are any.</summary>
    public ReadOnlySpan<byte> TakeSome(long limit)
    {
        ReadOnlySpan<byte> bytes;
        if (pending.Count > 0)
        {
            bytes = pending.Buffer.AsSpan(pending.Start, (int)Math.Min(limit, pending.Count));
        }
        else
        {
            bytes = _chunk[..(int)Math.Min(limit, _chunk.Length)];
        }

        Skip(bytes.Length);
        return bytes;
    }

    public int TakeAll(Span<byte> target)
    {
        var length = 0;
        while (Available > 0)
        {
            var bytes = TakeSome(int.MaxValue);
            bytes.CopyTo(target[length..]);
            length += bytes.Length;
        }

        return length;
    }

    /// <summary>Takes everything and wants no more; the answer of a step that waits for the next chunk.</summary>
    public bool SkipAll()
    {
        while (Available > 0) TakeSome(int.MaxValue);
        return false;
    }

    /// <summary>Keeps what is left, always less than the longest look-ahead, for the next chunk.</summary>
    public void Keep() => Pull(_chunk.Length);

    private void Pull(int count)
    {
        var buffer = pending.Buffer;
        if (pending.Start + pending.Count + count > buffer.Length)
        {
            buffer.AsSpan(pending.Start, pending.Count).CopyTo(buffer);
            pending.Start = 0;
        }

        _chunk[..count].CopyTo(buffer.AsSpan(pending.Start + pending.Count));
        pending.Count += count;
        _chunk = _chunk[count..];
    }
}
