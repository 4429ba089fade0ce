using Grpc.Core;
using MedCloudCare.Codecs;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.Pixels;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Rendering;

/// <summary>What the metadata say about showing one frame (PS3.3 §C.7.6.3, §C.11.1, §C.11.2; functional groups §C.7.6.16).</summary>
internal sealed record PixelDescription
{
    public required FrameFormat Format { get; init; }

    /// <summary>Stored as single bits, eight in a byte.</summary>
    public bool IsOneBit { get; init; }

    /// <summary>The VR of PixelData: decides how big endian bytes lie.</summary>
    public DicomVR VR { get; init; } = DicomVR.OW;

    public double Slope { get; init; } = 1;

    public double Intercept { get; init; }

    /// <summary>In place of slope and intercept, or null.</summary>
    public LookupTable? ModalityTable { get; init; }

    /// <summary>Of the metadata, in the order given there; the first is the one to show.</summary>
    public Window? Window { get; init; }

    /// <summary>In place of the window, or null.</summary>
    public LookupTable? VoiTable { get; init; }

    /// <summary>Red, green, blue of PALETTE COLOR; else null.</summary>
    public LookupTable[]? Palette { get; init; }

    /// <summary>A stored value that stands for "no pixel", or null.</summary>
    public long? Padding { get; init; }

    public bool IsInverted => Format.Photometric == Photometric.Monochrome1;

    /// <param name="frame">From 1.</param>
    /// <exception cref="RpcException">NOT_ACCEPTABLE: no image, or one of a kind that is not rendered here.</exception>
    public static PixelDescription Of(DicomDataset dataset, int frame)
    {
        var format = FrameFormats.Of(dataset) ?? throw NotRendered("the instance is not an image");
        if (!format.IsConsistent) throw NotRendered("its pixel attributes contradict each other, or are of a kind that is not shown here");
        var isColour = format.Samples == 3 && format.Photometric
            is Photometric.Rgb or Photometric.YbrFull or Photometric.YbrFull422 or Photometric.YbrIct or Photometric.YbrRct;
        var isGrey = format.Samples == 1 && format.Photometric is Photometric.Monochrome1 or Photometric.Monochrome2;
        var isPalette = format is { Samples: 1, Photometric: Photometric.PaletteColor, BitsAllocated: <= 16 };
        if (!isColour && !isGrey && !isPalette) throw NotRendered($"{format.Samples} samples of {format.BitsAllocated} bits with this photometric interpretation");

        var values = Functional(dataset, frame, DicomTags.PixelValueTransformationSequence);
        return new PixelDescription
        {
            Format = format,
            IsOneBit = FrameFormats.IsOneBit(dataset),
            VR = dataset.Find(DicomTags.PixelData)?.VR ?? DicomVR.OW,
            Slope = values.GetDouble(DicomTags.RescaleSlope) is { } slope && double.IsFinite(slope) && slope != 0 ? slope : 1,
            Intercept = values.GetDouble(DicomTags.RescaleIntercept) is { } intercept && double.IsFinite(intercept) ? intercept : 0,
            ModalityTable = dataset.GetItem(DicomTags.ModalityLUTSequence) is { } modality ? TableOf(modality, format.IsSigned) : null,
            Window = WindowOf(Functional(dataset, frame, DicomTags.FrameVOILUTSequence)),
            VoiTable = dataset.GetItem(DicomTags.VOILUTSequence) is { } voi ? TableOf(voi, isSigned: true) : null,
            Palette = isPalette ? PaletteOf(dataset) : null,
            Padding = dataset.GetInt(DicomTags.PixelPaddingValue),
        };
    }

    public static RpcException NotRendered(string why) =>
        MeshErrors.Of(StatusCode.Unimplemented, Reason.NotAcceptable, $"This image cannot be rendered: {why}.");

    /// <summary>The item of a functional group of this frame, else of the shared one, else the data set itself.</summary>
    private static DicomDataset Functional(DicomDataset dataset, int frame, DicomTag sequence)
    {
        var frames = dataset.GetItems(DicomTags.PerFrameFunctionalGroupsSequence);
        return (frame <= frames.Count ? frames[frame - 1].GetItem(sequence) : null)
            ?? dataset.GetItem(DicomTags.SharedFunctionalGroupsSequence)?.GetItem(sequence)
            ?? dataset;
    }

    private static LookupTable? TableOf(DicomDataset item, bool isSigned) => LookupTable.Of(item, DicomTags.LUTDescriptor, DicomTags.LUTData, isSigned);

    private static LookupTable[] PaletteOf(DicomDataset dataset)
    {
        LookupTable?[] colours =
        [
            LookupTable.Of(dataset, DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.RedPaletteColorLookupTableData, isSigned: false),
            LookupTable.Of(dataset, DicomTags.GreenPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableData, isSigned: false),
            LookupTable.Of(dataset, DicomTags.BluePaletteColorLookupTableDescriptor, DicomTags.BluePaletteColorLookupTableData, isSigned: false),
        ];
        return [.. colours.Select(x => x ?? throw NotRendered("its palette is segmented, or missing"))];
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
