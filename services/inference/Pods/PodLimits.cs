namespace MedCloudCare.Jobs.Pods;

/// <summary>What a pod, which runs somebody's code, may send.</summary>
internal static class PodLimits
{
    /// <summary>A result names each source image with up to 64 characters; 10,000 of them and their frames fit four times.</summary>
    public const int MaxMessageBytes = 4 << 20;

    /// <summary>Slices of a volume; as many instances as one upload call takes.</summary>
    public const int MaxSlices = 10_000;

    public const int MaxFindings = 10_000;

    /// <summary>Numbers of one region's outline.</summary>
    public const int MaxPoints = 20_000;

    public const int MaxProgressText = 200;

    public const int MaxMessageText = 500;

    public const int MaxTraceback = 16_000;

    /// <summary>The last lines that a failed run printed, kept for the researcher.</summary>
    public const int KeptLogLines = 100;

    public const int MaxLogLine = 2000;

    /// <summary>Cuts to a length, without half a surrogate pair.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length) return text;
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
    }
}
