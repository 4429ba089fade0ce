using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.Dimse.UpperLayer;

/// <summary>Writes the PDUs of an acceptor (PS3.8 §9.3).</summary>
internal static class PduWriter
{
    /// <summary>The DICOM application context (PS3.7 annex A.2.1).</summary>
    public const string ApplicationContext = "1.2.840.10008.3.1.1.1";

    /// <summary>A-ASSOCIATE-AC.</summary>
    /// <param name="maximumLength">Longest P-DATA-TF that we take.</param>
    public static byte[] Accept(AssociateRequest request, IEnumerable<AgreedContext> contexts, uint maximumLength)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        body.Write<byte>([0, 1, 0, 0]);
        body.Write(request.TitleBytes.Span);
        Item(body, 0x10, Ascii(ApplicationContext));
        foreach (var context in contexts)
        {
            var item = new ArrayBufferWriter<byte>(80);
            item.Write<byte>([context.Id, 0, (byte)context.Result, 0]);
            Item(item, 0x40, Ascii(context.TransferSyntax));
            Item(body, 0x21, item.WrittenSpan);
        }

        var user = new ArrayBufferWriter<byte>(128);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, maximumLength);
        Item(user, 0x51, length);
        Item(user, 0x52, Ascii(DicomFile.ImplementationClassUid));
        Item(user, 0x55, Ascii(DicomFile.ImplementationVersionName));
        Item(body, 0x50, user.WrittenSpan);
        return Pdu(PduType.AssociateAccept, body.WrittenSpan);
    }

    /// <summary>A-ASSOCIATE-RJ.</summary>
    public static byte[] Reject(Rejection rejection) => Pdu(PduType.AssociateReject, [0, rejection.Result, rejection.Source, rejection.Reason]);

    /// <summary>A-RELEASE-RP.</summary>
    public static byte[] ReleaseReply() => Pdu(PduType.ReleaseReply, [0, 0, 0, 0]);

    /// <summary>A-ABORT by the service provider.</summary>
    public static byte[] Abort(AbortReason reason) => Pdu(PduType.Abort, [0, 0, 2, (byte)reason]);

    /// <summary>A command set as P-DATA-TFs that the peer takes.</summary>
    /// <param name="maximumLength">The peer's; 0: any.</param>
    public static byte[] Command(byte contextId, ReadOnlySpan<byte> command, uint maximumLength)
    {
        const int ItemHeaderBytes = 6, Command = 1, Last = 2;
        var most = maximumLength == 0 ? command.Length : (int)Math.Clamp(maximumLength - (long)ItemHeaderBytes, 1, command.Length);
        var pdus = new ArrayBufferWriter<byte>(command.Length + 64);
        for (var rest = command; rest.Length > 0;)
        {
            var part = rest[..Math.Min(most, rest.Length)];
            rest = rest[part.Length..];
            Header(pdus, PduType.Data, part.Length + ItemHeaderBytes);
            BinaryPrimitives.WriteInt32BigEndian(pdus.GetSpan(4), part.Length + 2);
            pdus.Advance(4);
            pdus.Write<byte>([contextId, (byte)(Command | (rest.IsEmpty ? Last : 0))]);
            pdus.Write(part);
        }

        return pdus.WrittenSpan.ToArray();
    }

    private static byte[] Pdu(PduType type, ReadOnlySpan<byte> body)
    {
        var pdu = new ArrayBufferWriter<byte>(body.Length + 6);
        Header(pdu, type, body.Length);
        pdu.Write(body);
        return pdu.WrittenSpan.ToArray();
    }

    private static void Header(ArrayBufferWriter<byte> output, PduType type, int length)
    {
        var header = output.GetSpan(6);
        header[0] = (byte)type;
        header[1] = 0;
        BinaryPrimitives.WriteInt32BigEndian(header[2..], length);
        output.Advance(6);
    }

    private static void Item(ArrayBufferWriter<byte> output, byte type, ReadOnlySpan<byte> value)
    {
        var header = output.GetSpan(4);
        header[0] = type;
        header[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], checked((ushort)value.Length));
        output.Advance(4);
        output.Write(value);
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
