using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Combined date-time matching (PS3.4 §C.2.2.2.5): ranges of a date and of the time that belongs to it are one range of moments,
/// from the first date's first time to the last date's last time, not a window of hours on each of the days.
/// </summary>
internal static class DateTimeRange
{
    private static readonly Dictionary<DicomTag, DicomTag> TimeOf = new()
    {
        [DicomTags.StudyDate] = DicomTags.StudyTime,
        [DicomTags.SeriesDate] = DicomTags.SeriesTime,
        [DicomTags.AcquisitionDate] = DicomTags.AcquisitionTime,
        [DicomTags.ContentDate] = DicomTags.ContentTime,
        [DicomTags.PerformedProcedureStepStartDate] = DicomTags.PerformedProcedureStepStartTime,
        [DicomTags.PerformedProcedureStepEndDate] = DicomTags.PerformedProcedureStepEndTime,
        [DicomTags.ScheduledProcedureStepStartDate] = DicomTags.ScheduledProcedureStepStartTime,
    };

    /// <summary>
    /// The condition on both, where two conditions are ranges of a date and of its time beside it; null for any others, and for
    /// times that bound an open end of the dates.
    /// </summary>
    /// <exception cref="FormatException">A range is malformed.</exception>
    public static AttributeMatch? TryCombine(DicomTag[] datePath, string dates, DicomTag[] timePath, string times)
    {
        if (datePath.Length != timePath.Length || !datePath.AsSpan(..^1).SequenceEqual(timePath.AsSpan(..^1))
            || !TimeOf.TryGetValue(datePath[^1], out DicomTag time) || time != timePath[^1]
            || !TrySplit(dates, out string firstDate, out string lastDate) || !TrySplit(times, out string firstTime, out string lastTime)
            || (firstDate.Length == 0 && firstTime.Length > 0) || (lastDate.Length == 0 && lastTime.Length > 0))
        {
            return null;
        }

        return new AttributeMatch(datePath, new MomentMatcher(DicomVR.DT, $"{Join(firstDate, firstTime)}-{Join(lastDate, lastTime)}"), time);
    }

    /// <summary>Date and time as one date-time; without a date nothing.</summary>
    public static string Join(string date, string? time) => date.Length == 0 ? "" : date + time;

    private static bool TrySplit(string range, out string first, out string last)
    {
        int dash = range.IndexOf('-', StringComparison.Ordinal);
        (first, last) = dash < 0 ? ("", "") : (range[..dash].Trim(), range[(dash + 1)..].Trim());
        return dash >= 0 && first.Length + last.Length > 0 && !range.AsSpan().ContainsAny('*', '?');
    }
}
