using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Dimse.UpperLayer;

namespace MedCloudCare.Gateway.Dimse.Messages;

/// <summary>Values of (0000,0100) that are looked at (PS3.7 §E.1).</summary>
internal enum CommandField : ushort
{
    StoreRequest = 0x0001,
    EchoRequest = 0x0030,
    CancelRequest = 0x0FFF,
}

/// <summary>A command set (PS3.7 §6.3): group 0000, always Implicit VR Little Endian.</summary>
internal sealed record CommandSet
{
    /// <summary>Longest one taken; a C-STORE-RQ has some 300 bytes.</summary>
    public const int MaximumBytes = 16 * 1024;

    private const ushort ResponseBit = 0x8000, NoDataSet = 0x0101;
    private const uint SopClassTag = 0x0002, FieldTag = 0x0100, MessageIdTag = 0x0110, RespondedIdTag = 0x0120;
    private const uint DataSetTypeTag = 0x0800, StatusTag = 0x0900, CommentTag = 0x0902, SopInstanceTag = 0x1000;

    public required CommandField Field { get; init; }

    public required ushort MessageId { get; init; }

    public required bool HasDataSet { get; init; }

    /// <summary>Affected SOP Class UID; empty where absent or malformed.</summary>
    public required string SopClassUid { get; init; }

    /// <summary>Affected SOP Instance UID; empty where absent or malformed.</summary>
    public required string SopInstanceUid { get; init; }

    /// <summary>Whether this answers a request.</summary>
    public bool IsResponse => ((ushort)Field & ResponseBit) != 0;

    /// <exception cref="UpperLayerException">It is no command set.</exception>
    public static CommandSet Parse(ReadOnlySpan<byte> bytes)
    {
        ushort? field = null, messageId = null, dataSetType = null;
        var (sopClass, sopInstance) = ("", "");
        var before = -1L;
        while (bytes.Length > 0)
        {
            if (bytes.Length < 8) throw UpperLayerException.Invalid("a command set is cut off");
            var tag = (uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16 | BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            if (tag > 0xFFFF || tag <= before || length > bytes.Length - 8) throw UpperLayerException.Invalid("an element of a command set is malformed");
            before = tag;
            var value = bytes.Slice(8, (int)length);
            bytes = bytes[(8 + (int)length)..];
            switch (tag)
            {
                case FieldTag: field = Short(value); break;
                case MessageIdTag: messageId = Short(value); break;
                case DataSetTypeTag: dataSetType = Short(value); break;
                case SopClassTag: sopClass = Uid(value); break;
                case SopInstanceTag: sopInstance = Uid(value); break;
            }
        }

        if (field is null || dataSetType is null) throw UpperLayerException.Invalid("a command set lacks its kind");
        return new CommandSet
        {
            Field = (CommandField)field,
            MessageId = messageId ?? 0,
            HasDataSet = dataSetType != NoDataSet,
            SopClassUid = sopClass,
            SopInstanceUid = sopInstance,
        };
    }

    /// <summary>The response to this request: its kind, message and UIDs, and how it went.</summary>
    public byte[] ToResponse(DimseStatus status)
    {
        var elements = new ArrayBufferWriter<byte>(256);
        if (SopClassUid.Length > 0) Text(elements, SopClassTag, SopClassUid, padding: 0);
        Short(elements, FieldTag, (ushort)((ushort)Field | ResponseBit));
        Short(elements, RespondedIdTag, MessageId);
        Short(elements, DataSetTypeTag, NoDataSet);
        Short(elements, StatusTag, status.Code);
        if (status.Comment.Length > 0) Text(elements, CommentTag, status.Comment, padding: (byte)' ');
        if (SopInstanceUid.Length > 0) Text(elements, SopInstanceTag, SopInstanceUid, padding: 0);

        var command = new ArrayBufferWriter<byte>(elements.WrittenCount + 12);
        Span<byte> groupLength = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(groupLength, elements.WrittenCount);
        Element(command, 0, groupLength);
        command.Write(elements.WrittenSpan);
        return command.WrittenSpan.ToArray();
    }

    private static ushort Short(ReadOnlySpan<byte> value) =>
        value.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(value) : throw UpperLayerException.Invalid("a number of a command set is malformed");

    private static string Uid(ReadOnlySpan<byte> value)
    {
        var trimmed = value.TrimEnd("\0 "u8);
        var uid = trimmed.Length <= 64 ? Encoding.ASCII.GetString(trimmed) : "";
        return DicomUid.IsValid(uid) ? uid : "";
    }

    private static void Short(ArrayBufferWriter<byte> output, uint tag, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        Element(output, tag, bytes);
    }

    private static void Text(ArrayBufferWriter<byte> output, uint tag, string text, byte padding)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        Element(output, tag, bytes.Length % 2 == 0 ? bytes : [.. bytes, padding]);
    }

    private static void Element(ArrayBufferWriter<byte> output, uint tag, ReadOnlySpan<byte> value)
    {
        var header = output.GetSpan(8);
        BinaryPrimitives.WriteUInt16LittleEndian(header, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)tag);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], value.Length);
        output.Advance(8);
        output.Write(value);
    }
}
