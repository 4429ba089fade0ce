using System.Globalization;

namespace MedCloudCare.Cli.Retrieve;

/// <summary>Names of the files that a series is written to.</summary>
internal static class RetrievedFileName
{
    // PS3.5 §9.1: digits and dots, at most 64.
    private const int MaximumUidLength = 64;

    /// <summary>
    /// Position (from 1, five digits) and SOP Instance UID: 00012-1.2.840….dcm. A UID comes from a file that somebody
    /// else made: one that is not made of digits and dots is left out, so that no name leads out of the directory.
    /// </summary>
    /// <param name="position">From 0.</param>
    /// <param name="sopInstanceUid">As the mesh sent it.</param>
    public static string Of(int position, string sopInstanceUid)
    {
        string number = (position + 1).ToString("D5", CultureInfo.InvariantCulture);
        bool plain = sopInstanceUid.Length is > 0 and <= MaximumUidLength && sopInstanceUid.All(c => char.IsAsciiDigit(c) || c == '.');
        return plain ? $"{number}-{sopInstanceUid}.dcm" : $"{number}.dcm";
    }
}
