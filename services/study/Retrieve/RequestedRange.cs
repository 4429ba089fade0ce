using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Studies;

/// <summary>What a request for a part of a file or value means for one of a known length.</summary>
internal static class RequestedRange
{
    /// <summary>The part that there is; its length is 0 where the range lies behind the end, or the value is empty.</summary>
    /// <param name="range">Null: all of it.</param>
    /// <param name="total">Length of the file or value.</param>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT FIELD_INVALID.</exception>
    public static DataRange Of(DataRange? range, long total)
    {
        if (range is null)
        {
            return new DataRange { Length = total };
        }

        if (range.Length < 0 || range.Offset == long.MinValue)
        {
            throw MeshErrors.Invalid("range", "its length must not be negative");
        }

        long offset = range.Offset < 0 ? Math.Max(0, total + range.Offset) : Math.Min(range.Offset, total);
        long left = total - offset;
        return new DataRange { Offset = offset, Length = range.Length == 0 ? left : Math.Min(range.Length, left) };
    }
}
