using MedCloudCare.Common.V1;

namespace MedCloudCare.Models.Packages;

/// <summary>A package is refused.</summary>
public sealed class PackageException : Exception
{
    /// <param name="reason">Which of the MODEL_* reasons, or LIMIT_EXCEEDED.</param>
    /// <param name="message">What is wrong, for the researcher.</param>
    /// <param name="details">Where: file, line, column.</param>
    public PackageException(Reason reason, string message, params (string Key, string Value)[] details)
        : base(message)
    {
        Reason = reason;
        Details = details;
    }

    /// <summary>The reason.</summary>
    public Reason Reason { get; }

    /// <summary>Where.</summary>
    public IReadOnlyList<(string Key, string Value)> Details { get; }

    /// <summary>The archive or a path in it is not acceptable.</summary>
    public static PackageException Invalid(string message, params (string Key, string Value)[] details) =>
        new(Reason.ModelPackageInvalid, message, details);
}
