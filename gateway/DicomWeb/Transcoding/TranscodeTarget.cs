using Grpc.Core;
using MedCloudCare.Codecs;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Transcoding;

/// <summary>A transfer syntax that instances and frames can be turned into on their way out.</summary>
/// <param name="Coding">Of its frames.</param>
internal sealed record TranscodeTarget(TransferSyntax Syntax, PixelCoding Coding)
{
    /// <summary>All of them, the ones first that every client can read.</summary>
    public static IReadOnlyList<TranscodeTarget> All { get; } =
    [
        new(TransferSyntax.ExplicitVRLittleEndian, PixelCoding.Native),
        new(TransferSyntax.DeflatedExplicitVRLittleEndian, PixelCoding.Native),
        new(TransferSyntax.RleLossless, PixelCoding.Rle),
        Of("1.2.840.10008.1.2.4.70", PixelCoding.JpegLossless),
        Of("1.2.840.10008.1.2.4.80", PixelCoding.JpegLs),
        Of("1.2.840.10008.1.2.4.90", PixelCoding.Jpeg2000),
        Of("1.2.840.10008.1.2.4.50", PixelCoding.JpegDct),
    ];

    public bool IsEncapsulated => Syntax.IsEncapsulated;

    /// <summary>Those that something stored in this syntax can be turned into, as far as the syntax decides it.</summary>
    public static IEnumerable<TranscodeTarget> From(string storedSyntax)
    {
        if (PixelCodings.Find(storedSyntax) is null) return [];
        return All.Where(t => t.Syntax.Uid != storedSyntax);
    }

    public static TranscodeTarget? Find(string uid) => All.FirstOrDefault(t => t.Syntax.Uid == uid);

    /// <summary>Whether an image can be encoded so (PS3.5 §8.2, annex A.4).</summary>
    /// <param name="format">Null: no pixel data.</param>
    /// <param name="isOneBit">Single bits are not compressed.</param>
    public bool Suits(FrameFormat? format, bool isOneBit) => Coding switch
    {
        PixelCoding.Native => true,
        _ when format is not { IsConsistent: true } || isOneBit => false,
        PixelCoding.Rle => true,
        PixelCoding.JpegDct => format is { BitsAllocated: 8, BitsStored: 8, IsSigned: false } && format.Photometric
            is Photometric.Monochrome1 or Photometric.Monochrome2 or Photometric.Rgb or Photometric.YbrFull or Photometric.YbrFull422
            or Photometric.YbrIct or Photometric.YbrRct,
        _ => format.BitsAllocated <= 16,
    };

    /// <summary>NOT_ACCEPTABLE, with the transfer syntaxes that such an image can be sent in.</summary>
    public static RpcException NotPossible(string storedSyntax, string why, FrameFormat? format, bool isOneBit)
    {
        var possible = From(storedSyntax).Where(t => t.Suits(format, isOneBit)).Select(t => t.Syntax.Uid).Prepend(storedSyntax);
        return MeshErrors.Of(
            StatusCode.Unimplemented, Reason.NotAcceptable, $"The instance cannot be sent in that transfer syntax: {why}.",
            ("available", string.Join(", ", possible)));
    }

    private static TranscodeTarget Of(string uid, PixelCoding coding) => new(TransferSyntax.Find(uid)!, coding);
}
