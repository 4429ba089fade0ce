using System.Buffers.Binary;
using System.IO.Compression;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>PNG (ISO/IEC 15948) of 8-bit grey or RGB, without loss.</summary>
internal static class PngEncoder
{
    private const byte Grey = 0;
    private const byte Rgb = 2;
    private const byte Up = 2;
    private static readonly uint[] s_crc = MakeTable();

    public static byte[] Encode(Raster raster)
    {
        using var output = new MemoryStream(raster.Pixels.Length / 2);
        output.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, raster.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], raster.Height);
        (header[8], header[9], header[10], header[11], header[12]) = (8, raster.Components == 1 ? Grey : Rgb, 0, 0, 0);
        WriteChunk(output, "IHDR"u8, header);
        WriteChunk(output, "IDAT"u8, Compress(raster));
        WriteChunk(output, "IEND"u8, []);
        return output.ToArray();
    }

    /// <summary>Rows less the row above: pictures change slowly from row to row.</summary>
    private static byte[] Compress(Raster raster)
    {
        var stride = raster.Width * raster.Components;
        var row = new byte[stride + 1];
        row[0] = Up;
        using var output = new MemoryStream(raster.Pixels.Length / 2);
        using (var zlib = new ZLibStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var y = 0; y < raster.Height; y++)
            {
                var current = raster.Pixels.AsSpan(y * stride, stride);
                var above = y == 0 ? default : raster.Pixels.AsSpan((y - 1) * stride, stride);
                for (var x = 0; x < stride; x++) row[x + 1] = (byte)(current[x] - (y == 0 ? 0 : above[x]));
                zlib.Write(row);
            }
        }

        return output.ToArray();
    }

    private static void WriteChunk(MemoryStream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        output.Write(number);
        output.Write(type);
        output.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        output.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes) crc = s_crc[(crc ^ value) & 0xFF] ^ (crc >> 8);
        return crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
