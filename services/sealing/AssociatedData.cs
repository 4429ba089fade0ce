using System.Buffers.Binary;
using System.Text;

namespace MedCloudCare.Sealing;

/// <summary>
/// Builds associated data that cannot be read two ways: each part is preceded by its UTF-8 length (2 bytes, big endian).
/// What is sealed under one tuple of parts opens under exactly the same tuple only.
/// </summary>
public static class AssociatedData
{
    /// <summary>Encodes the parts in order.</summary>
    /// <exception cref="ArgumentException">A part is longer than 65,535 bytes of UTF-8.</exception>
    public static byte[] Of(params ReadOnlySpan<string> parts)
    {
        int length = 0;
        foreach (string part in parts)
        {
            int size = Encoding.UTF8.GetByteCount(part);
            if (size > ushort.MaxValue)
            {
                throw new ArgumentException("A part of associated data is limited to 65,535 bytes.", nameof(parts));
            }

            length += sizeof(ushort) + size;
        }

        byte[] encoded = new byte[length];
        Span<byte> rest = encoded;
        foreach (string part in parts)
        {
            int size = Encoding.UTF8.GetBytes(part, rest[sizeof(ushort)..]);
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)size);
            rest = rest[(sizeof(ushort) + size)..];
        }

        return encoded;
    }

    /// <summary>
    /// Associated data of a sealed column: binds the value to table, row and column, so that values cannot be moved
    /// between rows or columns of a database without being detected.
    /// </summary>
    public static byte[] ForColumn(string table, Guid row, string column) => Of("column", table, row.ToString("D"), column);
}
