namespace MedCloudCare.Dicom;

/// <summary>Limits that keep a hostile file from costing more than its size.</summary>
public sealed record DicomReadOptions
{
    public static DicomReadOptions Default { get; } = new();

    /// <summary>Sequences within sequences.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Elements, items and fragments together.</summary>
    public int MaxElements { get; init; } = 1_000_000;

    /// <summary>Bytes of attribute values kept in memory; bulk data, which is not kept, does not count.</summary>
    public int MaxMetadataBytes { get; init; } = 64 << 20;

    /// <summary>Binary values (OB, OW, UN, …) above this many bytes become bulk data.</summary>
    public int BulkDataThreshold { get; init; } = 1024;

    /// <summary>Values of any other VR above this many bytes become bulk data too.</summary>
    public int MaxInlineValue { get; init; } = 64 << 10;

    /// <summary>Bytes a deflated data set may inflate to.</summary>
    public long MaxInflatedBytes { get; init; } = 1L << 30;

    /// <summary>Inflated bytes a deflated byte, looked at from <see cref="InflateRatioFrom"/> on. Deflate itself ends at about 1030.</summary>
    public int MaxInflateRatio { get; init; } = 250;

    /// <summary>Inflated bytes below which the ratio is not looked at: blank images deflate well.</summary>
    public long InflateRatioFrom { get; init; } = 16 << 20;

    /// <summary>A scan refuses files without the four identifying UIDs; if not, it gives empty texts for those missing.</summary>
    public bool RequireIdentifiers { get; init; } = true;
}
