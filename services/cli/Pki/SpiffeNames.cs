using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace MedCloudCare.Cli.Pki;

/// <summary>Reads the names that a mesh certificate carries as URIs (SPIFFE X.509-SVID §2).</summary>
internal static class SpiffeNames
{
    private const string SubjectAlternativeName = "2.5.29.17";

    // uniformResourceIdentifier [6] IA5String (RFC 5280 §4.2.1.6)
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>The URIs among the subject's alternative names.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        List<string> uris = [];
        foreach (X509Extension extension in certificate.Extensions.Where(e => e.Oid?.Value == SubjectAlternativeName))
        {
            AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(UriTag))
                {
                    uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }

        return uris;
    }
}
