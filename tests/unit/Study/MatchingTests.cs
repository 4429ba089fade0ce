using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using MedCloudCare.Dicom;

namespace MedCloudCare.Studies.Tests;

public sealed class MatchingTests
{
    [Theory]
    [InlineData(DicomVR.PN, "doe^john", "Doe^John^^^", true)]
    [InlineData(DicomVR.PN, "Doe", "Doe^John", false)]
    [InlineData(DicomVR.PN, "山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData(DicomVR.PN, "*太*", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData(DicomVR.PN, "ЛЮКСЕМБУРГ*", "Люксембург", true)]
    [InlineData(DicomVR.LO, "Head*", "head", false)]
    [InlineData(DicomVR.LO, "H?ad", "Head", true)]
    [InlineData(DicomVR.LO, "A?B", "A😀B", true)]
    [InlineData(DicomVR.LO, "b", "a\\b", true)]
    [InlineData(DicomVR.UI, "1.2\\1.3", "1.3", true)]
    [InlineData(DicomVR.UI, "1.2,1.3", "1.2", true)]
    [InlineData(DicomVR.UI, "1.2", "1.2.3", false)]
    [InlineData(DicomVR.DA, "20240131", "2024.01.31", true)]
    [InlineData(DicomVR.DA, "20240201-", "20240131", false)]
    [InlineData(DicomVR.DA, "-20240131", "20240131", true)]
    [InlineData(DicomVR.DA, "2024*", "20240131", true)]
    [InlineData(DicomVR.TM, "10", "105959.5", true)]
    [InlineData(DicomVR.TM, "1030-1045", "104559.999", true)]
    [InlineData(DicomVR.TM, "1030-1045", "1046", false)]
    [InlineData(DicomVR.TM, "10:30:00", "103000", true)]
    [InlineData(DicomVR.DT, "202401-202402", "20240229235959+0100", true)]
    [InlineData(DicomVR.DT, "2025-", "20240229", false)]
    [InlineData(DicomVR.IS, "7", " 07", true)]
    [InlineData(DicomVR.DS, "0.5", "5e-1", true)]
    [InlineData(DicomVR.CS, "*", "", true)]
    [InlineData(DicomVR.CS, "MR", "", false)]
    public void Values_match_as_the_standard_says(DicomVR vr, string query, string value, bool expected) =>
        Assert.Equal(expected, ValueMatcher.Compile(vr, query, fuzzy: false).Matches(value));

    [Theory]
    [InlineData("joh do", "Doe^John", true)]
    [InlineData("ohn", "Doe^John", false)]
    [InlineData("*ohn*", "Doe^John", true)]
    [InlineData("john smith", "Doe^John", false)]
    [InlineData("yam tar", "Yamada^Tarou=山田^太郎", true)]
    public void Fuzzy_names_match_by_the_beginnings_of_their_words(string query, string name, bool expected) =>
        Assert.Equal(expected, ValueMatcher.Compile(DicomVR.PN, query, fuzzy: true).Matches(name));

    [Theory]
    [InlineData(DicomVR.DA, "2024")]
    [InlineData(DicomVR.DA, "20241301")]
    [InlineData(DicomVR.DA, "-")]
    [InlineData(DicomVR.TM, "2500")]
    [InlineData(DicomVR.IS, "x")]
    public void A_malformed_value_is_refused(DicomVR vr, string query) =>
        Assert.Throws<FormatException>(() => ValueMatcher.Compile(vr, query, fuzzy: false));

    [Fact]
    public void Wildcards_match_as_a_regular_expression_does() =>
        Gen.Select(Gen.String[Gen.Char["ab*?"], 0, 8], Gen.String[Gen.Char["ab"], 0, 10]).Sample((pattern, text) =>
        {
            string regex = "^" + Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$";
            return Wildcard.Matches(pattern, text) == Regex.IsMatch(text, regex);
        });

    [Fact]
    public void The_index_finds_what_a_plain_search_over_the_values_finds_in_the_same_order() =>
        Gen.Select(Gen.Select(GenName, GenName, Gen.Int[0, 5], GenDate, Gen.Int[0, 3]).Array[0, 30], GenQuery.Array[0, 3]).Sample((studies, queries) =>
        {
            List<(StudyRecord Record, DicomDataset Dataset)> all = [];
            foreach ((string name, string description, int id, string date, int modality) in studies)
            {
                DicomDataset dataset = new();
                dataset.Set(DicomTags.PatientName, name);
                dataset.Set(DicomTags.StudyDescription, description);
                dataset.Set(DicomTags.PatientID, id.ToString(CultureInfo.InvariantCulture));
                dataset.Set(DicomTags.StudyDate, date);
                dataset.Set(DicomTags.ModalitiesInStudy, [.. Modalities.Take(modality)]);
                StudyRow row = new(Guid.NewGuid(), Guid.Empty, $"1.2.{all.Count}", 1, 1, 1, all.Count + 1, DateTime.UtcNow, DateTime.UtcNow);
                all.Add((StudyRecord.Of(row, dataset.ToJson()), dataset));
            }

            // Arrives in three steps, as commits do.
            OwnerIndex index = new(Guid.Empty);
            foreach ((StudyRecord, DicomDataset)[] step in all.Chunk(10))
            {
                index.Apply([.. step.Select(s => s.Item1)], new HashSet<Guid>(), step.Length);
            }

            StudyQuery query = new();
            foreach ((StudyField field, string value) in queries)
            {
                query.Matches.Add(new FieldMatch(field, ValueMatcher.Compile(StudyFields.VROf(field), value, fuzzy: false)));
            }

            Guid[] expected = [.. all.Where(s => queries.All(q => Plain(s.Dataset, q.Item1, q.Item2)))
                .OrderByDescending(s => s.Dataset.GetString(DicomTags.StudyDate) ?? "", StringComparer.Ordinal).ThenBy(s => s.Record.Id).Select(s => s.Record.Id)];
            Assert.Equal(expected, query.Run(index.Snapshot, []).Page(0, 100).Select(s => s.Record.Id));
        });

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly string[] Modalities = ["CT", "MR", "SEG"];

    private static readonly Gen<string> GenName = OneOf("", "Doe^John", "doe^jane", "Müller^Jörg", "Yamada^Tarou=山田^太郎", "Люксембург", "A*B", "Smith^Ann^^Dr");

    private static readonly Gen<string> GenDate = OneOf("", "20240131", "20231231", "19991001", "20240201");

    private static readonly Gen<(StudyField, string)> GenQuery = Gen.OneOf(
        OneOf("*o*", "DOE^JOHN", "müller*", "山田*", "?oe^*", "*", "smith^ann^^dr", "nobody").Select(v => (StudyField.PatientName, v)),
        OneOf("*o*", "Doe^John", "doe*", "*JOHN").Select(v => (StudyField.StudyDescription, v)),
        OneOf("1", "2", "*", "9", "").Select(v => (StudyField.PatientId, v)),
        OneOf("20240131", "20231201-20240131", "-20240101", "20240101-").Select(v => (StudyField.StudyDate, v)),
        OneOf("CT", "M*", "PT").Select(v => (StudyField.ModalitiesInStudy, v)));

    /// <summary>The same search done naively over the values themselves.</summary>
    private static bool Plain(DicomDataset dataset, StudyField field, string query)
    {
        string[] values = [.. dataset.GetStrings(StudyFields.TagOf(field))];
        if (query.Length == 0 || query == "*")
        {
            return true;
        }

        if (field == StudyField.StudyDate)
        {
            string[] ends = query.Contains('-', StringComparison.Ordinal) ? query.Split('-') : [query, query];
            return values.Any(v => v.Length > 0 && (ends[0].Length == 0 || string.CompareOrdinal(v, ends[0]) >= 0) && (ends[1].Length == 0 || string.CompareOrdinal(v, ends[1]) <= 0));
        }

        bool isName = field == StudyField.PatientName;
        Regex regex = new("^" + Regex.Escape(query).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$",
            isName ? RegexOptions.IgnoreCase | RegexOptions.CultureInvariant : RegexOptions.None);
        return values.SelectMany(v => isName ? v.Split('=') : [v]).Any(regex.IsMatch);
    }
}
