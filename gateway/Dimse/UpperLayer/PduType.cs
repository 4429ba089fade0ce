namespace MedCloudCare.Gateway.Dimse.UpperLayer;

/// <summary>Types of protocol data units (PS3.8 §9.3).</summary>
internal enum PduType : byte
{
    AssociateRequest = 0x01,
    AssociateAccept = 0x02,
    AssociateReject = 0x03,
    Data = 0x04,
    ReleaseRequest = 0x05,
    ReleaseReply = 0x06,
    Abort = 0x07,
}

/// <summary>Reasons of an A-ABORT by the service provider (PS3.8 §9.3.8, table 9-26).</summary>
internal enum AbortReason : byte
{
    NotSpecified = 0,
    UnrecognizedPdu = 1,
    UnexpectedPdu = 2,
    UnexpectedParameter = 5,
    InvalidParameter = 6,
}

/// <summary>Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 §9.3.4, table 9-21).</summary>
internal readonly record struct Rejection(byte Result, byte Source, byte Reason)
{
    private const byte Permanent = 1, Transient = 2, User = 1, ProviderAcse = 2, ProviderPresentation = 3;

    public static readonly Rejection NoReason = new(Permanent, User, 1);

    public static readonly Rejection ApplicationContextNotSupported = new(Permanent, User, 2);

    public static readonly Rejection CallingTitleNotRecognized = new(Permanent, User, 3);

    public static readonly Rejection CalledTitleNotRecognized = new(Permanent, User, 7);

    public static readonly Rejection ProtocolVersionNotSupported = new(Permanent, ProviderAcse, 2);

    public static readonly Rejection TemporaryCongestion = new(Transient, ProviderPresentation, 1);

    public static readonly Rejection LocalLimitExceeded = new(Transient, ProviderPresentation, 2);
}

/// <summary>The peer broke the protocol: the association is aborted with this reason.</summary>
internal sealed class UpperLayerException(AbortReason reason, string message) : Exception(message)
{
    public AbortReason Reason => reason;

    public static UpperLayerException Invalid(string message) => new(AbortReason.InvalidParameter, message);
}

/// <summary>The peer has aborted, or its connection has ended without a release.</summary>
internal sealed class PeerGoneException(string message) : Exception(message);
