using MedCloudCare.Dicom;

namespace MedCloudCare.Gateway.DicomWeb.Negotiation;

/// <summary>The media types of PS3.18 §8.7.3 and the representations they give.</summary>
internal static class DicomMediaTypes
{
    public const string Dicom = "application/dicom";
    public const string DicomJson = "application/dicom+json";
    public const string OctetStream = "application/octet-stream";
    public const string Jpeg = "image/jpeg";

    /// <summary>Frames of these are the same bytes: native, little endian.</summary>
    private static readonly string[] NativeLittleEndian =
    [
        TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid,
        TransferSyntax.DeflatedExplicitVRLittleEndian.Uid, "1.2.840.10008.1.2.1.98",
    ];

    /// <summary>Metadata and query results.</summary>
    public static Representation[] Json { get; } = [new(DicomJson, false), new("application/json", false)];

    public static Representation[] RenderedImage { get; } = [new(Jpeg, false)];

    public static Representation[] BulkData { get; } = [new(OctetStream, true), new(OctetStream, false)];

    /// <summary>Whole instances as stored; one alone may go without multipart.</summary>
    public static Representation[] Instances(string storedSyntax, bool single)
    {
        var multipart = new Representation(Dicom, true) { TransferSyntaxes = [storedSyntax] };
        return single ? [multipart, multipart with { IsMultipart = false }] : [multipart];
    }

    /// <summary>Frames as stored (PS3.18 tables 8.7.3-2, -4 and -5); one alone may go without multipart.</summary>
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
