using System.Buffers.Binary;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.Dimse.UpperLayer;

/// <summary>Reads the body of an A-ASSOCIATE-RQ. Items it does not know are passed over, as PS3.8 §9.3.1 asks.</summary>
internal static class AssociateRequestParser
{
    /// <summary>Longest body: 128 contexts with some forty transfer syntaxes each.</summary>
    public const int MaximumBytes = 256 * 1024;

    /// <summary>Transfer syntaxes of one context; the standard has not half as many.</summary>
    public const int MaximumSyntaxes = 128;

    private const int MaximumContexts = 128, MaximumItems = 512;
    private const int TitleBytes = 16, FixedBytes = 68;
    private const byte ApplicationContextItem = 0x10, PresentationContextItem = 0x20, AbstractSyntaxItem = 0x30, TransferSyntaxItem = 0x40;
    private const byte UserInformationItem = 0x50, MaximumLengthItem = 0x51, VersionNameItem = 0x55;

    /// <exception cref="UpperLayerException">It is malformed.</exception>
    public static AssociateRequest Parse(byte[] body)
    {
        if (body.Length < FixedBytes) throw UpperLayerException.Invalid("an A-ASSOCIATE-RQ is too short");
        string? applicationContext = null;
        (uint Length, string Name)? user = null;
        var contexts = new List<ProposedContext>();
        foreach (var (type, item) in ItemsOf(body.AsMemory(FixedBytes)))
        {
            switch (type)
            {
                case ApplicationContextItem when applicationContext is null:
                    applicationContext = Uid(item.Span);
                    break;
                case PresentationContextItem when contexts.Count < MaximumContexts:
                    contexts.Add(ContextOf(item, contexts));
                    break;
                case UserInformationItem when user is null:
                    user = UserOf(item);
                    break;
                case ApplicationContextItem or PresentationContextItem or UserInformationItem:
                    throw UpperLayerException.Invalid("an item occurs too often");
            }
        }

        if (applicationContext is null || contexts.Count == 0 || user is null) throw UpperLayerException.Invalid("an A-ASSOCIATE-RQ lacks an item");
        return new AssociateRequest
        {
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(body),
            CalledTitle = Title(body.AsSpan(4, TitleBytes)),
            CallingTitle = Title(body.AsSpan(4 + TitleBytes, TitleBytes)),
            TitleBytes = body.AsMemory(4, FixedBytes - 4),
            ApplicationContext = applicationContext,
            Contexts = contexts,
            MaximumLength = user.Value.Length,
            Implementation = user.Value.Name,
        };
    }

    private static ProposedContext ContextOf(ReadOnlyMemory<byte> item, List<ProposedContext> before)
    {
        if (item.Length < 4) throw UpperLayerException.Invalid("a presentation context is cut off");
        var id = item.Span[0];
        if ((id & 1) == 0 || before.Exists(c => c.Id == id)) throw UpperLayerException.Invalid("the number of a presentation context is even or taken");
        string? abstractSyntax = null;
        var syntaxes = new List<string>();
        foreach (var (type, subItem) in ItemsOf(item[4..]))
        {
            if (type == AbstractSyntaxItem && abstractSyntax is null) abstractSyntax = Uid(subItem.Span);
            else if (type == TransferSyntaxItem && syntaxes.Count < MaximumSyntaxes) syntaxes.Add(Uid(subItem.Span));
            else throw UpperLayerException.Invalid("an item does not belong into a presentation context");
        }

        return abstractSyntax is not null && syntaxes.Count > 0
            ? new ProposedContext(id, abstractSyntax, syntaxes)
            : throw UpperLayerException.Invalid("a presentation context lacks a syntax");
    }

    private static (uint MaximumLength, string VersionName) UserOf(ReadOnlyMemory<byte> item)
    {
        var (length, name) = (0u, "");
        foreach (var (type, subItem) in ItemsOf(item))
        {
            if (type == MaximumLengthItem)
            {
                if (subItem.Length != 4) throw UpperLayerException.Invalid("the maximum length is not of 4 bytes");
                length = BinaryPrimitives.ReadUInt32BigEndian(subItem.Span);
            }
            else if (type == VersionNameItem)
            {
                name = Title(subItem.Span[..Math.Min(subItem.Length, TitleBytes)]);
            }
        }

        return (length, name);
    }

    /// <summary>Items with a type, a reserved byte and a length of 16 bits.</summary>
    private static IEnumerable<(byte Type, ReadOnlyMemory<byte> Item)> ItemsOf(ReadOnlyMemory<byte> bytes)
    {
        for (var count = 0; bytes.Length > 0; count++)
        {
            if (bytes.Length < 4 || count == MaximumItems) throw UpperLayerException.Invalid("items are cut off or too many");
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[2..]);
            if (length > bytes.Length - 4) throw UpperLayerException.Invalid("an item is longer than what holds it");
            yield return (bytes.Span[0], bytes.Slice(4, length));
            bytes = bytes[(4 + length)..];
        }
    }

    /// <summary>UIDs are not padded here, but some peers do.</summary>
    private static string Uid(ReadOnlySpan<byte> bytes)
    {
        var trimmed = bytes.TrimEnd("\0 "u8);
        var uid = trimmed.Length <= 64 ? Encoding.ASCII.GetString(trimmed) : "";
        return DicomUid.IsValid(uid) ? uid : throw UpperLayerException.Invalid("an item is not a UID");
    }

    /// <summary>Text of VR AE: printable ASCII without backslash; empty for anything else.</summary>
    private static string Title(ReadOnlySpan<byte> bytes)
    {
        var trimmed = bytes.Trim("\0 "u8);
        return trimmed.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E) < 0 && !trimmed.Contains((byte)'\\') ? Encoding.ASCII.GetString(trimmed) : "";
    }
}
