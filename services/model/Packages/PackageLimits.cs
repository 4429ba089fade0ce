namespace MedCloudCare.Models.Packages;

/// <summary>What a package may be.</summary>
public static class PackageLimits
{
    /// <summary>Files.</summary>
    public const int Files = 2000;

    /// <summary>Bytes of all files.</summary>
    public const long TotalBytes = 4L << 30;

    /// <summary>Characters of a path.</summary>
    public const int PathLength = 200;

    /// <summary>Folders above a file.</summary>
    public const int Depth = 16;

    /// <summary>Bytes of a chunk of an upload.</summary>
    public const int ChunkBytes = 256 * 1024;

    /// <summary>Bytes that a zip may always expand to; beyond, <see cref="ExpansionRatio"/> counts.</summary>
    public const long FreeExpansionBytes = 256L << 20;

    /// <summary>How many times its own size a zip may expand to. Code and weights stay far below; bombs begin at a thousand.</summary>
    public const long ExpansionRatio = 100;

    /// <summary>Bytes of a zip's list of entries.</summary>
    public const int ZipDirectoryBytes = 4 << 20;
}
