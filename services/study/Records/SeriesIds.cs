using System.Security.Cryptography;
using System.Text;

namespace MedCloudCare.Studies;

/// <summary>Names series so that a database that is made again from the store has the same names.</summary>
internal static class SeriesIds
{
    /// <summary>The id of a series: a UUID of version 8 (RFC 9562 §5.8) from the SHA-256 of study UUID and Series Instance UID.</summary>
    public static Guid Of(Guid study, string seriesInstanceUid)
    {
        byte[] hash = SHA256.HashData([.. study.ToByteArray(bigEndian: true), .. Encoding.ASCII.GetBytes(seriesInstanceUid)]);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
