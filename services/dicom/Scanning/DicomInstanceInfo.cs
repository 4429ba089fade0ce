namespace MedCloudCare.Dicom;

/// <summary>A value that DICOM JSON refers to by <see cref="BulkDataUri"/>.</summary>
/// <param name="Path">Tags and item numbers from 0: "00281201", "00081140/0/00091010".</param>
/// <param name="Offset">Bytes from the start of the file; of the inflated data set if <see cref="DicomInstanceInfo.IsInflated"/>.</param>
/// <param name="Length">Bytes of the value as stored, in the byte order of the file. Encapsulated pixel data: all its items, without the sequence delimiter.</param>
public sealed record DicomBulkData(string Path, DicomVR VR, long Offset, long Length);

/// <summary>What a scan of a whole file found out. Nothing in here grows with the pixels.</summary>
public sealed record DicomInstanceInfo
{
    public required string StudyInstanceUid { get; init; }

    public required string SeriesInstanceUid { get; init; }

    public required string SopInstanceUid { get; init; }

    public required string SopClassUid { get; init; }

    /// <summary>As declared by the meta group; guessed from the data set where there is no meta group.</summary>
    public required string TransferSyntaxUid { get; init; }

    /// <summary>The attributes, sequences included, with bulk data as references. Without group 0002.</summary>
    public required DicomDataset Dataset { get; init; }

    /// <summary>Group 0002; empty where the file has none.</summary>
    public required DicomDataset Meta { get; init; }

    /// <summary>DICOM JSON of <see cref="Dataset"/> (PS3.18 annex F), UTF-8; placeholders as <see cref="BulkDataUri"/> tells.</summary>
    public required ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>Every value that <see cref="Json"/> refers to, in file order.</summary>
    public required IReadOnlyList<DicomBulkData> BulkData { get; init; }

    public required FrameIndex Frames { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required long FileLength { get; init; }

    /// <summary>The file begins with 128 bytes and "DICM".</summary>
    public required bool HasPreamble { get; init; }

    /// <summary>The file is deflated: offsets of bulk data and frames count in the inflated data set.</summary>
    public required bool IsInflated { get; init; }

    /// <summary>First byte of the data set in the file: what follows the meta group.</summary>
    public required long DatasetOffset { get; init; }
}
