using System.Buffers.Text;
using System.Globalization;
using System.Text;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Platform.Resources;

/// <summary>Page sizes and page tokens (google.aip.dev/158).</summary>
public static class Paging
{
    /// <summary>Size of a page whose request says 0.</summary>
    public const int DefaultSize = 50;

    /// <summary>Larger wishes are cut to this.</summary>
    public const int MaximumSize = 1000;

    private const int MaximumToken = 512;

    /// <summary>The size to use for a wish.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT for a negative one.</exception>
    public static int Size(int wish) => wish switch
    {
        < 0 => throw MeshErrors.Invalid("page_size", "must not be negative"),
        0 => DefaultSize,
        _ => Math.Min(wish, MaximumSize),
    };

    /// <summary>An opaque token that holds the place where the next page starts.</summary>
    public static string Encode(params ReadOnlySpan<string> place) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join('\n', place)));

    /// <summary>The place of a token; null for the first page.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT for a token that was not made by <see cref="Encode"/> with as many parts.</exception>
    public static string[]? Decode(string token, int parts)
    {
        if (token.Length == 0)
        {
            return null;
        }

        try
        {
            var place = token.Length <= MaximumToken ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token)).Split('\n') : [];
            return place.Length == parts ? place : throw Malformed();
        }
        catch (FormatException)
        {
            throw Malformed();
        }
    }

    /// <summary>A token for lists that run from the newest to the oldest: the time and id of the last one shown.</summary>
    public static string EncodeNewest(DateTimeOffset time, Guid id) =>
        Encode(time.UtcTicks.ToString(CultureInfo.InvariantCulture), id.ToString("D"));

    /// <summary>The time and id of a token of <see cref="EncodeNewest"/>; null for the first page.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT</exception>
    public static (DateTimeOffset Time, Guid Id)? DecodeNewest(string token)
    {
        if (Decode(token, 2) is not { } place)
        {
            return null;
        }

        return long.TryParse(place[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTime.MaxValue.Ticks
            && Guid.TryParse(place[1], out var id)
            ? (new DateTimeOffset(ticks, TimeSpan.Zero), id)
            : throw Malformed();
    }

    /// <summary>The error for a token that cannot be read; also for those whose parts do not parse.</summary>
    public static Grpc.Core.RpcException Malformed() => MeshErrors.Invalid("page_token", "is not one that this method returned");
}
