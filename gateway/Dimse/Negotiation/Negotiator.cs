using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Dimse.UpperLayer;

namespace MedCloudCare.Gateway.Dimse.Negotiation;

/// <summary>
/// Decides about the proposed presentation contexts. Data sets are stored as they come, so any transfer syntax will do, also
/// one that nobody here can decode: the peer's first choice is taken, which spares it a conversion. Only where it leaves the
/// choice open (several native syntaxes), Explicit VR Little Endian goes before the two that lose the VRs or are retired.
/// </summary>
internal static class Negotiator
{
    private const string TransferSyntaxRoot = "1.2.840.10008.1.2", DicomRoot = "1.2.840.10008.";

    public static IReadOnlyList<AgreedContext> Agree(IEnumerable<ProposedContext> proposed) => [.. proposed.Select(Agree)];

    private static AgreedContext Agree(ProposedContext context)
    {
        var isKnown = context.AbstractSyntax == StorageClasses.Verification || StorageClasses.Contains(context.AbstractSyntax);
        var syntax = isKnown ? Choose(context.TransferSyntaxes) : null;
        var result = !isKnown ? ContextResult.AbstractSyntaxNotSupported
            : syntax is null ? ContextResult.TransferSyntaxesNotSupported
            : ContextResult.Accepted;
        return new AgreedContext(context.Id, context.AbstractSyntax, result, syntax ?? TransferSyntax.ImplicitVRLittleEndian.Uid);
    }

    private static string? Choose(IReadOnlyList<string> syntaxes)
    {
        var first = syntaxes.FirstOrDefault(IsTransferSyntax);
        var explicitLittle = TransferSyntax.ExplicitVRLittleEndian.Uid;
        var isSecondBest = first == TransferSyntax.ImplicitVRLittleEndian.Uid || first == TransferSyntax.ExplicitVRBigEndian.Uid;
        return isSecondBest && syntaxes.Contains(explicitLittle) ? explicitLittle : first;
    }

    /// <summary>The standard's, of any edition, and private ones.</summary>
    private static bool IsTransferSyntax(string uid) =>
        uid == TransferSyntaxRoot
        || uid.StartsWith(TransferSyntaxRoot + ".", StringComparison.Ordinal)
        || !uid.StartsWith(DicomRoot, StringComparison.Ordinal);
}
