namespace MedCloudCare.Gateway.Dimse.UpperLayer;

/// <summary>What an A-ASSOCIATE-RQ says (PS3.8 §9.3.2).</summary>
internal sealed record AssociateRequest
{
    /// <summary>Bit 0: version 1.</summary>
    public required ushort ProtocolVersion { get; init; }

    /// <summary>Without the spaces around it; empty where it is not a title of printable ASCII.</summary>
    public required string CalledTitle { get; init; }

    /// <inheritdoc cref="CalledTitle"/>
    public required string CallingTitle { get; init; }

    /// <summary>Both titles and the reserved bytes as they came: the answer repeats them.</summary>
    public required ReadOnlyMemory<byte> TitleBytes { get; init; }

    public required string ApplicationContext { get; init; }

    public required IReadOnlyList<ProposedContext> Contexts { get; init; }

    /// <summary>Longest P-DATA-TF that the peer takes; 0: any.</summary>
    public required uint MaximumLength { get; init; }

    /// <summary>Implementation version name of the peer, for the log; printable ASCII or empty.</summary>
    public required string Implementation { get; init; }
}

/// <summary>A proposed presentation context (PS3.8 §9.3.2.2).</summary>
/// <param name="Id">Odd.</param>
/// <param name="AbstractSyntax">UID of a SOP class.</param>
/// <param name="TransferSyntaxes">UIDs in the order of the peer's preference.</param>
internal sealed record ProposedContext(byte Id, string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes);

/// <summary>Results of a presentation context in an A-ASSOCIATE-AC (PS3.8 §9.3.3.2).</summary>
internal enum ContextResult : byte
{
    Accepted = 0,
    AbstractSyntaxNotSupported = 3,
    TransferSyntaxesNotSupported = 4,
}

/// <summary>What a presentation context was agreed to be.</summary>
/// <param name="TransferSyntax">The chosen one; of no meaning unless accepted.</param>
internal sealed record AgreedContext(byte Id, string AbstractSyntax, ContextResult Result, string TransferSyntax)
{
    public bool IsAccepted => Result == ContextResult.Accepted;
}
