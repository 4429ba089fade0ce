using System.Text;

namespace MedCloudCare.Models.Tests;

/// <summary>The smallest image that a model accepts: MR, 2 × 2, explicit VR little endian.</summary>
internal static class SmallDicom
{
    public static byte[] Image()
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write(new byte[128]);
        writer.Write("DICM"u8);
        Text(writer, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
        Text(writer, 0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.4");
        Text(writer, 0x0008, 0x0018, "UI", "1.2.3.4");
        Text(writer, 0x0008, 0x0060, "CS", "MR");
        Short(writer, 0x0028, 0x0002, 1);
        Text(writer, 0x0028, 0x0004, "CS", "MONOCHROME2");
        Short(writer, 0x0028, 0x0010, 2);
        Short(writer, 0x0028, 0x0011, 2);
        Short(writer, 0x0028, 0x0100, 16);
        Short(writer, 0x0028, 0x0101, 16);
        Short(writer, 0x0028, 0x0102, 15);
        Short(writer, 0x0028, 0x0103, 0);
        writer.Write((ushort)0x7fe0);
        writer.Write((ushort)0x0010);
        writer.Write("OW"u8);
        writer.Write((ushort)0);
        writer.Write(8u);
        writer.Write([1, 0, 2, 0, 3, 0, 4, 0]);
        return file.ToArray();
    }

    private static void Text(BinaryWriter writer, ushort group, ushort element, string vr, string value)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(value.Length % 2 == 0 ? value : value + (vr == "UI" ? '\0' : ' '));
        Head(writer, group, element, vr, bytes.Length);
        writer.Write(bytes);
    }

    private static void Short(BinaryWriter writer, ushort group, ushort element, ushort value)
    {
        Head(writer, group, element, "US", 2);
        writer.Write(value);
    }

    private static void Head(BinaryWriter writer, ushort group, ushort element, string vr, int length)
    {
        writer.Write(group);
        writer.Write(element);
        writer.Write(Encoding.ASCII.GetBytes(vr));
        writer.Write((ushort)length);
    }
}
