using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>What the metadata say about the pixels of one frame (PS3.3 §C.7.6.3, §C.11.1, §C.11.2; functional groups §C.7.6.16).</summary>
internal sealed record PixelDescription
{
    /// <summary>Largest frame that is decoded, in pixels: 96 MiB at three samples.</summary>
    public const int MaxPixels = 32 * 1024 * 1024;

    public required int Rows { get; init; }

    public required int Columns { get; init; }

    /// <summary>Samples a pixel: 1 (grey) or 3 (colour).</summary>
    public required int Samples { get; init; }

    public required string Photometric { get; init; }

    /// <summary>1, 8 or 16.</summary>
    public required int BitsAllocated { get; init; }

    public required int BitsStored { get; init; }

    public required int HighBit { get; init; }

    public required bool IsSigned { get; init; }

    /// <summary>Colour by plane instead of by pixel.</summary>
    public required bool IsPlanar { get; init; }

    public double Slope { get; init; } = 1;

    public double Intercept { get; init; }

    /// <summary>Of the metadata, in the order given there; the first is the one to show.</summary>
    public Window? Window { get; init; }

    /// <summary>A stored value that stands for "no pixel", or null.</summary>
    public int? Padding { get; init; }

    public bool IsInverted => Photometric == "MONOCHROME1";

    public bool IsYbr => Photometric.StartsWith("YBR_", StringComparison.Ordinal);

    /// <summary>Chroma of pixel pairs is shared (native YBR_FULL_422).</summary>
    public bool IsHalfChroma => Photometric == "YBR_FULL_422";

    /// <param name="frame">From 1.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_ACCEPTABLE: no image, or one of a kind that is not rendered here.</exception>
    public static PixelDescription Of(DicomDataset dataset, int frame)
    {
        var (rows, columns) = (dataset.GetInt(DicomTags.Rows) ?? 0, dataset.GetInt(DicomTags.Columns) ?? 0);
        var allocated = dataset.GetInt(DicomTags.BitsAllocated) ?? 0;
        if (rows < 1 || columns < 1 || allocated == 0) throw NotRendered("the instance is not an image");
        if ((long)rows * columns > MaxPixels) throw NotRendered("a frame is too large");
        var samples = dataset.GetInt(DicomTags.SamplesPerPixel) ?? 1;
        var photometric = dataset.GetString(DicomTags.PhotometricInterpretation) ?? "";
        var stored = dataset.GetInt(DicomTags.BitsStored) ?? allocated;
        var high = dataset.GetInt(DicomTags.HighBit) ?? (stored - 1);
        var isGrey = samples == 1 && photometric is "MONOCHROME1" or "MONOCHROME2" && allocated is 1 or 8 or 16;
        var isColour = samples == 3 && allocated == 8 && photometric is "RGB" or "YBR_FULL" or "YBR_FULL_422" or "YBR_ICT" or "YBR_RCT";
        if (!isGrey && !isColour) throw NotRendered($"{samples} samples of {allocated} bits, {(photometric.Length > 16 ? "" : photometric)}");
        if (stored < 1 || stored > allocated || high < stored - 1 || high >= allocated) throw NotRendered("BitsStored and HighBit contradict BitsAllocated");

        var values = Functional(dataset, frame, DicomTags.PixelValueTransformationSequence);
        return new PixelDescription
        {
            Rows = rows,
            Columns = columns,
            Samples = samples,
            Photometric = photometric,
            BitsAllocated = allocated,
            BitsStored = stored,
            HighBit = high,
            IsSigned = dataset.GetInt(DicomTags.PixelRepresentation) == 1,
            IsPlanar = dataset.GetInt(DicomTags.PlanarConfiguration) == 1,
            Slope = values.GetDouble(DicomTags.RescaleSlope) is { } slope && double.IsFinite(slope) && slope != 0 ? slope : 1,
            Intercept = values.GetDouble(DicomTags.RescaleIntercept) is { } intercept && double.IsFinite(intercept) ? intercept : 0,
            Window = WindowOf(Functional(dataset, frame, DicomTags.FrameVOILUTSequence)),
            Padding = dataset.GetInt(DicomTags.PixelPaddingValue),
        };
    }

    public static Grpc.Core.RpcException NotRendered(string why) => MeshErrors.Of(
        Grpc.Core.StatusCode.Unimplemented, Reason.NotAcceptable, $"This image cannot be rendered: {why}.");

    /// <summary>The item of a functional group of this frame, else of the shared one, else the data set itself.</summary>
    private static DicomDataset Functional(DicomDataset dataset, int frame, DicomTag sequence)
    {
        var frames = dataset.GetItems(DicomTags.PerFrameFunctionalGroupsSequence);
        return (frame <= frames.Count ? frames[frame - 1].GetItem(sequence) : null)
            ?? dataset.GetItem(DicomTags.SharedFunctionalGroupsSequence)?.GetItem(sequence)
            ?? dataset;
    }

    private static Window? WindowOf(DicomDataset dataset)
    {
        if (dataset.GetDouble(DicomTags.WindowCenter) is not { } center || dataset.GetDouble(DicomTags.WindowWidth) is not { } width) return null;
        var function = dataset.GetString(DicomTags.VOILUTFunction) switch
        {
            "SIGMOID" => WindowFunction.Sigmoid,
            "LINEAR_EXACT" => WindowFunction.LinearExact,
            _ => WindowFunction.Linear,
        };
        return double.IsFinite(center) && double.IsFinite(width) && width > 0 ? new Window(center, width, function) : null;
    }
}
