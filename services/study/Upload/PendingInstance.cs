using MedCloudCare.Dicom;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>An instance whose sealed bytes are in a pack and which no transaction refers to yet.</summary>
internal sealed class PendingInstance
{
    private PatientIdentity? _patient;

    public required Guid Id { get; init; }

    public required OpenStudy Study { get; init; }

    public required string SeriesInstanceUid { get; init; }

    public required string SopInstanceUid { get; init; }

    public required string SopClassUid { get; init; }

    public required string TransferSyntaxUid { get; init; }

    public required Guid PackId { get; init; }

    public required long Offset { get; init; }

    public required long SealedLength { get; init; }

    public required long Length { get; init; }

    public required byte[] SealHeader { get; init; }

    public required byte[] Sha256 { get; init; }

    /// <summary>Frames and bulk data, in clear; sealed on its way to the database.</summary>
    public required byte[] Layout { get; init; }

    public required ReadOnlyMemory<byte> Json { get; init; }

    public required InstanceFacts Facts { get; init; }

    /// <summary>Whom it names as its patient; read from the JSON where it is not given.</summary>
    public PatientIdentity Patient
    {
        get => _patient ??= PatientIdentity.Of(DicomDataset.FromJson(Json.Span));
        init => _patient = value;
    }

    /// <summary>
    /// The attributes of study and series that this instance states. Given for the first of its series in a group, read
    /// from the JSON in the rare case that another one decides.
    /// </summary>
    public StatedAttributes Stated
    {
        get => field ??= StatedAttributes.Of(DicomDataset.FromJson(Json.Span));
        init;
    }

    /// <summary>What the client will be told; the commit may change STORED into DUPLICATE or REFUSED.</summary>
    public required InstanceResult Result { get; init; }
}

/// <summary>What QIDO-RS answers about an instance without opening its metadata; null where the attribute is absent.</summary>
internal readonly record struct InstanceFacts(int? InstanceNumber, int? Rows, int? Columns, int? BitsAllocated, int? Frames)
{
    public static InstanceFacts Of(DicomDataset dataset) => new(
        dataset.GetInt(DicomTags.InstanceNumber), dataset.GetInt(DicomTags.Rows), dataset.GetInt(DicomTags.Columns),
        dataset.GetInt(DicomTags.BitsAllocated), dataset.GetInt(DicomTags.NumberOfFrames));
}
