using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Transcoding;

namespace MedCloudCare.Gateway.DicomWeb.Negotiation;

/// <summary>The media types of PS3.18 §8.7.3 and the representations they give.</summary>
internal static class DicomMediaTypes
{
    public const string Dicom = "application/dicom";
    public const string DicomJson = "application/dicom+json";
    public const string OctetStream = "application/octet-stream";
    public const string Jpeg = "image/jpeg";
    public const string Png = "image/png";

    /// <summary>Frames of these are the same bytes: native, little endian.</summary>
    private static readonly string[] NativeLittleEndian =
    [
        TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid,
        TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, "1.2.840.10008.1.2.1.98",
    ];

    /// <summary>Metadata and query results.</summary>
    public static Representation[] Json { get; } = [new(DicomJson, false), new("application/json", false)];

    /// <summary>Pictures made for display: one alone where there is only one, else the parts of an answer.</summary>
    public static Representation[] Rendered(bool allowsSingle, bool allowsMultipart) =>
    [
        .. allowsSingle ? (Representation[])[new(Jpeg, false), new(Png, false)] : [],
        .. allowsMultipart ? (Representation[])[new(Jpeg, true), new(Png, true)] : [],
    ];

    public static Representation[] BulkData { get; } = [new(OctetStream, true), new(OctetStream, false)];

    /// <summary>Whole instances as stored, else in a transfer syntax that they can be turned into and that is named; one alone may go without multipart.</summary>
    public static Representation[] Instances(string storedSyntax, bool single)
    {
        var offers = new List<Representation> { new(Dicom, true) { TransferSyntaxes = [storedSyntax] } };
        if (single) offers.Add(offers[0] with { IsMultipart = false });
        foreach (var target in TranscodeTarget.From(storedSyntax))
        {
            var offer = new Representation(Dicom, true) { TransferSyntaxes = [target.Syntax.Uid], OnlyWhenSyntaxIsNamed = true, Target = target };
            offers.Add(offer);
            if (single) offers.Add(offer with { IsMultipart = false });
        }

        return [.. offers];
    }

    /// <summary>
    /// Frames as stored (PS3.18 tables 8.7.3-2, -4 and -5), else as they can be turned into; one alone may go without multipart.
    /// </summary>
    public static Representation[] Frames(string storedSyntax, bool single)
    {
        var offers = new List<Representation>();
        if (NativeLittleEndian.Contains(storedSyntax, StringComparer.Ordinal))
        {
            offers.Add(new(OctetStream, true) { TransferSyntaxes = NativeLittleEndian });
        }
        else
        {
            if (TransferSyntax.Find(storedSyntax) is { IsEncapsulated: true } syntax)
            {
                foreach (var name in NamesOf(syntax.FrameMediaType)) offers.Add(new(name, true) { TransferSyntaxes = [storedSyntax] });
            }

            offers.Add(new(OctetStream, true) { TransferSyntaxes = [storedSyntax], OnlyWhenSyntaxIsNamed = true });
        }

        if (single) offers.AddRange(offers.ConvertAll(x => x with { IsMultipart = false }));
        foreach (var target in TranscodeTarget.From(storedSyntax))
        {
            // Frames of both native syntaxes are the same bytes.
            if (target.Syntax.IsDeflated || (!target.IsEncapsulated && NativeLittleEndian.Contains(storedSyntax, StringComparer.Ordinal))) continue;
            var offer = new Representation(OctetStream, true)
            {
                TransferSyntaxes = target.IsEncapsulated ? [target.Syntax.Uid] : NativeLittleEndian, OnlyWhenSyntaxIsNamed = target.IsEncapsulated, Target = target,
            };

            // A media type alone never means pixels that have lost something.
            Representation[] named = target.IsEncapsulated
                ? [.. NamesOf(target.Syntax.FrameMediaType).Select(n => offer with { MediaType = n, OnlyWhenSyntaxIsNamed = target.Syntax.IsLossy })]
                : [];
            offers.AddRange([.. named, offer]);
            if (single) offers.AddRange(named.Append(offer).Select(o => o with { IsMultipart = false }));
        }

        return [.. offers];
    }

    /// <summary>Names of earlier editions that dicomweb-client and others still send.</summary>
    private static string[] NamesOf(string mediaType) => mediaType switch
    {
        "image/dicom-rle" => [mediaType, "image/x-dicom-rle"],
        "image/jls" => [mediaType, "image/x-jls"],
        _ => [mediaType],
    };
}
