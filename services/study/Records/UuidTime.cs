using System.Buffers.Binary;

namespace MedCloudCare.Studies;

/// <summary>The time in the first 48 bits of a UUID of version 7 (RFC 9562 §5.7).</summary>
internal static class UuidTime
{
    public static DateTime Of(Guid id)
    {
        Span<byte> bytes = stackalloc byte[18];
        bytes.Clear();
        id.TryWriteBytes(bytes[2..], bigEndian: true, out _);
        return DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes)).UtcDateTime;
    }
}
