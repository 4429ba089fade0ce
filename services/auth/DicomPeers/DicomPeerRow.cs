namespace MedCloudCare.Accounts.DicomPeers;

/// <summary>A system that stores through the DIMSE door.</summary>
public sealed class DicomPeerRow
{
    public Guid Id { get; init; }

    public required string CallingAeTitle { get; init; }

    /// <summary>Empty: any.</summary>
    public required string CalledAeTitle { get; init; }

    public Guid OwnerId { get; init; }

    /// <summary>In the form of <see cref="System.Net.IPNetwork"/>; none: any address.</summary>
    public required string[] Networks { get; init; }

    /// <summary>SHA-256 of the certificate it must show; null: none.</summary>
    public byte[]? ClientCertificate { get; init; }

    public DateTimeOffset CreateTime { get; init; }
}
