using System.Buffers;
using System.Buffers.Binary;

namespace MedCloudCare.Studies;

/// <summary>
/// Appends to one pack (FORMAT.md): gathers what the sealing writes into large writes. Belongs to one upload call at a
/// time. Not thread-safe, but <see cref="FlushAsync"/> may run beside writes of the next group.
/// </summary>
internal sealed class PackWriter : IBufferWriter<byte>, IDisposable
{
    // A sealed segment is 64 KiB: four of them make a write.
    private const int BufferSize = 256 << 10;

    private readonly IObjectAppender _object;
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int _buffered;

    /// <summary>Starts a pack of a study: its header is written.</summary>
    public PackWriter(IObjectAppender target, Guid studyId)
    {
        _object = target;
        StudyId = studyId;
        Span<byte> header = GetSpan(PackFormat.HeaderLength);
        PackFormat.WriteHeader(header, studyId, Id);
        Advance(PackFormat.HeaderLength);
        GroupStart = Length;
    }

    public Guid Id => _object.Id;

    public Guid StudyId { get; }

    /// <summary>Bytes appended.</summary>
    public long Length => _object.Length + _buffered;

    /// <summary>The pack is complete with its first group.</summary>
    public bool HoldsOneGroup => _object.HoldsOneGroup;

    /// <inheritdoc cref="IObjectAppender.IsCongested"/>
    public bool IsCongested => _object.IsCongested;

    /// <summary>Where the group that is being written starts.</summary>
    public long GroupStart { get; private set; }

    /// <summary>Bytes that the database refers to; 0 until the first commit.</summary>
    public long CommittedLength { get; set; }

    /// <summary>
    /// Set once a commit has failed: whether the database refers to its bytes is not known then, so that nothing may be
    /// cut off or appended any more.
    /// </summary>
    public bool IsSpent { get; set; }

    /// <summary>When it was last returned to the pool.</summary>
    public long IdleSince { get; set; }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_buffered);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_buffered);
    }

    public void Advance(int count) => _buffered += count;

    /// <summary>Takes back what was appended beyond a length: a refused instance.</summary>
    public void Truncate(long length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, GroupStart);
        if (length >= _object.Length)
        {
            _buffered = (int)(length - _object.Length);
            return;
        }

        _buffered = 0;
        _object.Truncate(length);
    }

    /// <summary>Hands everything appended to the store; a flush after it makes it durable.</summary>
    public void EndGroup()
    {
        Drain();
        GroupStart = Length;
    }

    /// <inheritdoc cref="IObjectAppender.WaitForRoomAsync"/>
    public ValueTask WaitForRoomAsync() => _object.WaitForRoomAsync();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => _object.FlushAsync(cancellationToken);

    /// <summary>Removes the pack. Nothing may refer to it.</summary>
    public void Discard()
    {
        ReturnBuffer();
        _object.Discard();
    }

    /// <summary>Closes the pack; a spent one is left to recovery.</summary>
    public void Dispose()
    {
        ReturnBuffer();
        if (IsSpent)
        {
            _object.Abandon();
        }
        else
        {
            _object.Dispose();
        }
    }

    private void Reserve(int size)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (_buffer.Length - _buffered >= Math.Max(size, 1))
        {
            return;
        }

        Drain();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, _buffer.Length);
    }

    private void Drain()
    {
        if (_buffered > 0)
        {
            _object.Append(_buffer.AsSpan(0, _buffered));
            _buffered = 0;
        }
    }

    private void ReturnBuffer()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>The unsealed frame of a pack, FORMAT.md.</summary>
internal static class PackFormat
{
    /// <summary>magic 8 | study 16 | pack 16</summary>
    public const int HeaderLength = 8 + 16 + 16;

    /// <summary>start of the group 8 | length of the sealed manifest 8 | magic 8</summary>
    public const int TrailerLength = 8 + 8 + 8;

    private static ReadOnlySpan<byte> HeaderMagic => "MCCPACK1"u8;

    public static ReadOnlySpan<byte> TrailerMagic => "MCCGRP01"u8;

    public static void WriteHeader(Span<byte> header, Guid study, Guid pack)
    {
        HeaderMagic.CopyTo(header);
        study.TryWriteBytes(header[8..], bigEndian: true, out _);
        pack.TryWriteBytes(header[24..], bigEndian: true, out _);
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> header, out Guid study, out Guid pack)
    {
        bool known = header.Length >= HeaderLength && header.StartsWith(HeaderMagic);
        study = known ? new Guid(header.Slice(8, 16), bigEndian: true) : default;
        pack = known ? new Guid(header.Slice(24, 16), bigEndian: true) : default;
        return known;
    }

    public static void WriteTrailer(Span<byte> trailer, long groupStart, long manifestLength)
    {
        BinaryPrimitives.WriteInt64BigEndian(trailer, groupStart);
        BinaryPrimitives.WriteInt64BigEndian(trailer[8..], manifestLength);
        TrailerMagic.CopyTo(trailer[16..]);
    }

    public static bool TryReadTrailer(ReadOnlySpan<byte> trailer, out long groupStart, out long manifestLength)
    {
        groupStart = manifestLength = 0;
        if (trailer.Length != TrailerLength || !trailer[16..].SequenceEqual(TrailerMagic))
        {
            return false;
        }

        groupStart = BinaryPrimitives.ReadInt64BigEndian(trailer);
        manifestLength = BinaryPrimitives.ReadInt64BigEndian(trailer[8..]);
        return groupStart >= HeaderLength && manifestLength > 0;
    }
}
