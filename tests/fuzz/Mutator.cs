using System.Buffers.Binary;

namespace MedCloudCare.Fuzz;

/// <summary>Changes inputs a little, knowing what DICOM readers look for. The same seed makes the same inputs.</summary>
public sealed class Mutator(IReadOnlyList<byte[]> corpus, int seed)
{
    private const int MaxLength = 16 << 10;

    private static readonly byte[][] Telling =
    [
        "SQ"u8.ToArray(), "UN"u8.ToArray(), "OB"u8.ToArray(), "OW"u8.ToArray(), "UT"u8.ToArray(), "PN"u8.ToArray(), "ISO 2022 IR 87"u8.ToArray(), "ISO_IR 192"u8.ToArray(),
        "DICM"u8.ToArray(), "10008.1.2.1.99"u8.ToArray(), [0xFE, 0xFF, 0, 0xE0], [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0],
        [0xFF, 0xFE, 0xE0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0xFE, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0x80],
        [0x1B, (byte)'$', (byte)'B'], [0x1B, (byte)'(', (byte)'J'], [0x1B, (byte)'$', (byte)')', (byte)'C'], [0xE0, 0x7F, 0x10, 0], [0x08, 0, 0x05, 0], [0x28, 0, 0x08, 0],
        [2, 0, 0x10, 0], "\"Value\":["u8.ToArray(), "\"InlineBinary\":"u8.ToArray(), "\"vr\":\"SQ\""u8.ToArray(), "null"u8.ToArray(), "1e309"u8.ToArray(), "\\"u8.ToArray(), "="u8.ToArray(),
    ];

    private readonly Random _random = new(seed);
    private readonly byte[] _buffer = new byte[MaxLength];

    /// <summary>The next input; valid until the one after it is asked for.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var source = corpus[_random.Next(corpus.Count)];
        var length = Math.Min(source.Length, MaxLength);
        source.AsSpan(0, length).CopyTo(_buffer);
        for (var changes = 1 + _random.Next(1 << _random.Next(4)); changes > 0 && length > 2; changes--) length = Change(length);
        return _buffer.AsSpan(0, length);
    }

    private int Change(int length)
    {
        // The 130 bytes in front of the magic hold nothing to change.
        var start = length > 400 && _random.Next(16) != 0 ? 130 : 1;
        var at = _random.Next(start, length);
        switch (_random.Next(9))
        {
            case 0: _buffer[at] = (byte)_random.Next(256); return length;
            case 1: _buffer[at] ^= (byte)(1 << _random.Next(8)); return length;
            case 2: _buffer[at] += (byte)(_random.Next(35) - 17); return length;
            case 3: Overwrite(at, length, Telling[_random.Next(Telling.Length)]); return length;
            case 4: return Insert(at, length, Telling[_random.Next(Telling.Length)]);
            case 5: return Remove(at, length, 1 << _random.Next(7));
            case 6:
                var from = _random.Next(start, length);
                return Insert(at, length, _buffer.AsSpan(from, Math.Min(1 << _random.Next(7), length - from)).ToArray());
            case 7:
                var other = corpus[_random.Next(corpus.Count)];
                var cut = _random.Next(other.Length);
                return Insert(at, length, other.AsSpan(cut, Math.Min(1 << _random.Next(9), other.Length - cut)));
            default:
                if (_random.Next(8) == 0) return at;
                Span<byte> number = stackalloc byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(number, _random.Next(length + 16));
                Overwrite(at, length, number[..(_random.Next(2) * 2 + 2)]);
                return length;
        }
    }

    private void Overwrite(int at, int length, ReadOnlySpan<byte> bytes) => bytes[..Math.Min(bytes.Length, length - at)].CopyTo(_buffer.AsSpan(at));

    private int Insert(int at, int length, ReadOnlySpan<byte> bytes)
    {
        if (length + bytes.Length > MaxLength) return length;
        _buffer.AsSpan(at, length - at).CopyTo(_buffer.AsSpan(at + bytes.Length));
        bytes.CopyTo(_buffer.AsSpan(at));
        return length + bytes.Length;
    }

    private int Remove(int at, int length, int count)
    {
        count = Math.Min(count, length - at);
        _buffer.AsSpan(at + count, length - at - count).CopyTo(_buffer.AsSpan(at));
        return length - count;
    }
}
