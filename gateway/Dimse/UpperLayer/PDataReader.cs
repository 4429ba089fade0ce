using System.Buffers.Binary;

namespace MedCloudCare.Gateway.Dimse.UpperLayer;

/// <summary>A fragment of a message (PS3.8 §9.3.5.1 and annex E.2).</summary>
/// <param name="ContextId">Its presentation context.</param>
/// <param name="IsCommand">Of the command set; else of the data set.</param>
/// <param name="IsLast">The last one of it.</param>
internal readonly record struct FragmentHeader(byte ContextId, bool IsCommand, bool IsLast);

/// <summary>The fragments of an established association, one after the other, each in pieces. Not thread-safe.</summary>
/// <param name="reader">The connection.</param>
/// <param name="maximumLength">The maximum length of a P-DATA-TF that the acceptance has announced.</param>
internal sealed class PDataReader(PduReader reader, int maximumLength)
{
    private const int ItemHeaderBytes = 6, AbortBytes = 4, ReleaseBytes = 4;

    private uint _leftInPdu;
    private uint _leftInFragment;

    /// <summary>The next fragment; null where the peer asks for the release. The fragment before must have been read.</summary>
    /// <exception cref="UpperLayerException">The peer breaks the protocol.</exception>
    /// <exception cref="PeerGoneException">It has aborted or gone.</exception>
    public async ValueTask<FragmentHeader?> NextAsync(CancellationToken cancellation)
    {
        if (_leftInFragment > 0) throw new InvalidOperationException("The fragment before has not been read.");
        if (_leftInPdu == 0 && !await NextPduAsync(cancellation)) return null;
        if (_leftInPdu < ItemHeaderBytes) throw UpperLayerException.Invalid("a presentation data value item is cut off");

        var item = await reader.ReadExactAsync(ItemHeaderBytes, cancellation);
        var length = BinaryPrimitives.ReadUInt32BigEndian(item.Span);
        if (length < 2 || length > _leftInPdu - 4) throw UpperLayerException.Invalid("the length of a presentation data value item is wrong");
        _leftInPdu -= ItemHeaderBytes;
        _leftInFragment = length - 2;
        var control = item.Span[5];
        if ((control & 0xFC) != 0) throw UpperLayerException.Invalid("a message control header is wrong");
        return new FragmentHeader(item.Span[4], (control & 1) != 0, (control & 2) != 0);
    }

    /// <summary>The next piece of the fragment; empty at its end. Valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellation)
    {
        if (_leftInFragment == 0) return default;
        var piece = await reader.ReadSomeAsync((int)Math.Min(_leftInFragment, PduReader.PieceBytes), cancellation);
        _leftInFragment -= (uint)piece.Length;
        _leftInPdu -= (uint)piece.Length;
        return piece;
    }

    /// <summary>False: a release is asked for.</summary>
    private async ValueTask<bool> NextPduAsync(CancellationToken cancellation)
    {
        var header = await reader.ReadHeaderAsync(cancellation) ?? throw new PeerGoneException("the connection ended without a release");
        switch (header.Type)
        {
            case PduType.Data when header.Length is >= ItemHeaderBytes && header.Length <= maximumLength:
                _leftInPdu = header.Length;
                return true;
            case PduType.Data:
                throw UpperLayerException.Invalid("the length of a P-DATA-TF is outside what was agreed");
            case PduType.ReleaseRequest:
                await reader.ReadBodyAsync(header.Length, ReleaseBytes, cancellation);
                return false;
            case PduType.Abort:
                await reader.ReadBodyAsync(header.Length, AbortBytes, cancellation);
                throw new PeerGoneException("the peer has aborted");
            case PduType.AssociateRequest or PduType.AssociateAccept or PduType.AssociateReject or PduType.ReleaseReply:
                throw new UpperLayerException(AbortReason.UnexpectedPdu, "a PDU came that does not belong here");
            default:
                throw new UpperLayerException(AbortReason.UnrecognizedPdu, "an unknown type of PDU came");
        }
    }
}
