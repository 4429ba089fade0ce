using System.Security.Cryptography;
using System.Text;
using MedCloudCare.Dicom;

namespace MedCloudCare.Jobs.Work;

/// <summary>
/// The UIDs of what a job makes. They follow from the job's id, so that a repeated attempt makes the same objects and none is
/// doubled.
/// </summary>
internal static class JobUids
{
    public static string Series(Guid job) => Of(job, "series");

    public static string Instance(Guid job, int number) => Of(job, $"instance/{number}");

    public static string DimensionOrganization(Guid job) => Of(job, "dimensions");

    public static string Tracking(Guid job, int segment) => Of(job, $"tracking/{segment}");

    private static string Of(Guid job, string role)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{job:D}/{role}"), digest);
        // Version 8 of RFC 9562: a hash of the application's choice.
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return DicomUid.FromGuid(new Guid(digest[..16], bigEndian: true));
    }
}
