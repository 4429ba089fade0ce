using MedCloudCare.Dicom;

namespace MedCloudCare.Studies.Tests;

/// <summary>Ranges of a date and of its time together (PS3.4 §C.2.2.2.5).</summary>
public sealed class DateTimeRangeTests
{
    [Theory]
    [InlineData("20240101-20240103", "1200-1300", "20240101", "115959", false)]
    [InlineData("20240101-20240103", "1200-1300", "20240101", "1200", true)]
    [InlineData("20240101-20240103", "1200-1300", "20240102", "0000", true)]
    [InlineData("20240101-20240103", "1200-1300", "20240103", "130059.9", true)]
    [InlineData("20240101-20240103", "1200-1300", "20240103", "1301", false)]
    [InlineData("20240101-20240103", "1200-1300", "20240102", "", true)]
    [InlineData("20240101-20240103", "1200-1300", "20240101", "", false)]
    [InlineData("20240101-20240103", "1200-1300", "", "1230", false)]
    [InlineData("20240101-", "1200-", "20240101", "1159", false)]
    [InlineData("20240101-", "1200-", "20991231", "0000", true)]
    [InlineData("-20240103", "-1300", "20240103", "1301", false)]
    [InlineData("-20240103", "-1300", "19000101", "2359", true)]
    [InlineData("20240101-20240103", "-1300", "20240101", "0000", true)]
    public void Two_ranges_are_one_range_of_moments(string dates, string times, string date, string time, bool expected)
    {
        AttributeMatch match = DateTimeRange.TryCombine([DicomTags.StudyDate], dates, [DicomTags.StudyTime], times)!;
        DicomDataset dataset = new DicomDataset().Set(DicomTags.StudyDate, date).Set(DicomTags.StudyTime, time);
        Assert.Equal(expected, match.Holds(dataset));
    }

    [Theory]
    [InlineData("20240101", "1200-1300")]
    [InlineData("20240101-20240103", "1200")]
    [InlineData("-20240103", "1200-1300")]
    [InlineData("20240101-", "1200-1300")]
    [InlineData("2024*", "1200-1300")]
    public void Others_stay_two_conditions(string dates, string times) =>
        Assert.Null(DateTimeRange.TryCombine([DicomTags.StudyDate], dates, [DicomTags.StudyTime], times));

    [Fact]
    public void A_time_belongs_to_the_date_beside_it()
    {
        Assert.Null(DateTimeRange.TryCombine([DicomTags.StudyDate], "20240101-20240103", [DicomTags.SeriesTime], "12-13"));
        Assert.Null(DateTimeRange.TryCombine([DicomTags.RequestAttributesSequence, DicomTags.StudyDate], "20240101-20240103", [DicomTags.StudyTime], "12-13"));
        Assert.NotNull(DateTimeRange.TryCombine(
            [DicomTags.RequestAttributesSequence, DicomTags.StudyDate], "20240101-20240103", [DicomTags.RequestAttributesSequence, DicomTags.StudyTime], "12-13"));
    }
}
