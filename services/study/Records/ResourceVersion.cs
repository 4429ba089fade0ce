using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MedCloudCare.Studies;

/// <summary>
/// A short text that changes whenever the instances of a study, series or instance do: what conditional requests compare. It
/// is a hash, so that it tells nothing of ids, counts and times.
/// </summary>
internal static class ResourceVersion
{
    private const int Bytes = 15;

    /// <summary>Of an instance: one that is stored never changes, and one that is stored again has another id.</summary>
    public static string OfInstance(Guid instance) => Of('i', instance, 0, 0);

    /// <param name="series">Its id.</param>
    /// <param name="updated">When instances came or went last.</param>
    /// <param name="instances">How many there are.</param>
    public static string OfSeries(Guid series, DateTime updated, int instances) => Of('e', series, updated.Ticks, instances);

    /// <param name="study">Its id.</param>
    /// <param name="change">Its owner's counter when instances came or went last.</param>
    public static string OfStudy(Guid study, long change) => Of('s', study, change, 0);

    private static string Of(char kind, Guid id, long first, long second)
    {
        Span<byte> content = stackalloc byte[33];
        content[0] = (byte)kind;
        id.TryWriteBytes(content[1..]);
        BinaryPrimitives.WriteInt64BigEndian(content[17..], first);
        BinaryPrimitives.WriteInt64BigEndian(content[25..], second);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return Convert.ToBase64String(hash[..Bytes]);
    }
}
