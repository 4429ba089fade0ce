using System.Buffers.Binary;
using System.Text;

namespace MedCloudCare.Gateway.Tests.Dimse;

/// <summary>What a requestor of associations sends, written from PS3.8 §9.3 and PS3.7 §6.3 alone.</summary>
internal static class ScuBytes
{
    public const string CtImage = "1.2.840.10008.5.1.4.1.1.2", Verification = "1.2.840.10008.1.1";
    public const string ImplicitLittle = "1.2.840.10008.1.2", ExplicitLittle = "1.2.840.10008.1.2.1";
    public const string ApplicationContext = "1.2.840.10008.3.1.1.1";

    public static byte[] Pdu(byte type, params byte[] body) => [type, 0, .. Big32((uint)body.Length), .. body];

    public static byte[] AssociateRequest(params (byte Id, string Abstract, string[] Syntaxes)[] contexts) =>
        AssociateRequest("SCU", "SCP", 16384, contexts);

    public static byte[] AssociateRequest(string calling, string called, uint maximum, (byte Id, string Abstract, string[] Syntaxes)[] contexts, string application = ApplicationContext, byte version = 1) =>
        Pdu(1,
        [
            0, version, 0, 0, .. Title(called), .. Title(calling), .. new byte[32],
            .. Item(0x10, Encoding.ASCII.GetBytes(application)),
            .. contexts.SelectMany(c => Item(0x20,
            [
                c.Id, 0, 0, 0, .. Item(0x30, Encoding.ASCII.GetBytes(c.Abstract)),
                .. c.Syntaxes.SelectMany(s => Item(0x40, Encoding.ASCII.GetBytes(s))),
            ])),
            .. Item(0x50, [.. Item(0x51, Big32(maximum)), .. Item(0x52, "1.2.3"u8.ToArray()), .. Item(0x55, "TEST"u8.ToArray())]),
        ]);

    public static byte[] Item(byte type, params byte[] value) => [type, 0, .. Big16((ushort)value.Length), .. value];

    /// <summary>A P-DATA-TF of one fragment.</summary>
    public static byte[] Data(byte context, bool isCommand, bool isLast, byte[] fragment) =>
        Pdu(4, [.. Big32((uint)fragment.Length + 2), context, (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0)), .. fragment]);

    public static byte[] Release() => Pdu(5, 0, 0, 0, 0);

    public static byte[] Echo(byte context = 1, ushort message = 1) =>
        Data(context, true, true, Command((0x0002, Uid(Verification)), (0x0100, Little16(0x30)), (0x0110, Little16(message)), (0x0800, Little16(0x0101))));

    public static byte[] StoreCommand(string sopClass, string instance, ushort message = 1) => Command(
        (0x0002, Uid(sopClass)), (0x0100, Little16(1)), (0x0110, Little16(message)), (0x0700, Little16(0)), (0x0800, Little16(1)), (0x1000, Uid(instance)));

    /// <summary>A C-STORE-RQ with its data set in fragments.</summary>
    public static byte[] Store(byte context, string sopClass, string instance, byte[] dataSet, int fragment = 1000, ushort message = 1)
    {
        var parts = dataSet.Chunk(fragment).ToArray();
        return [.. Data(context, true, true, StoreCommand(sopClass, instance, message)), .. parts.SelectMany((p, i) => Data(context, false, i == parts.Length - 1, p))];
    }

    public static byte[] Command(params (ushort Element, byte[] Value)[] elements)
    {
        byte[] body = [.. elements.SelectMany(e => (byte[])[0, 0, .. Little16(e.Element), .. Little32((uint)e.Value.Length), .. e.Value])];
        return [0, 0, 0, 0, 4, 0, 0, 0, .. Little32((uint)body.Length), .. body];
    }

    public static byte[] Uid(string uid) => Encoding.ASCII.GetBytes(uid.Length % 2 == 0 ? uid : uid + "\0");

    public static byte[] Little16(ushort value) => [(byte)value, (byte)(value >> 8)];

    public static byte[] Little32(uint value) => BitConverter.GetBytes(value);

    public static byte[] Big16(ushort value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Big32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Title(string text) => Encoding.ASCII.GetBytes(text.PadRight(16));
}
