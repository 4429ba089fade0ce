using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Query;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class QueryParserTests
{
    [Fact]
    public void The_study_list_of_ohif_is_understood()
    {
        var request = Parse("?limit=101&offset=0&fuzzymatching=true&includefield=00081030,00080060,00080090,00100030&PatientName=*Mül*&00100020=7&StudyDate=20200101-20201231");
        Assert.Equal((101, 0, true), (request.Limit, request.Offset, request.FuzzyMatching));
        Assert.Equal(["00081030", "00080060", "00080090", "00100030"], request.IncludeFields);
        Assert.Equal(["PatientName=*Mül*", "00100020=7", "StudyDate=20200101-20201231"], request.Matches.Select(m => $"{m.Attribute}={m.Value}"));
    }

    [Fact]
    public void Fields_may_be_lists_repeated_paths_and_all()
    {
        var request = Parse("?includefield=PatientSex,%20PatientSex&includefield=all&includefield=RequestAttributesSequence.00400007");
        Assert.Equal(["PatientSex", "RequestAttributesSequence.00400007"], request.IncludeFields);
        Assert.True(request.IncludeAll);
    }

    [Theory]
    [InlineData("?StudyInstanceUID=1.2%5C1.3", "1.2\\1.3")]
    [InlineData("?StudyInstanceUID=1.2,1.3", "1.2,1.3")]
    [InlineData("?0020000D=1.2&0020000D=1.3", "1.2\\1.3")]
    public void Lists_of_uids_are_one_match(string query, string value) => Assert.Equal(value, Assert.Single(Parse(query).Matches).Value);

    [Fact]
    public void An_empty_value_matches_everything_and_returns_the_attribute()
    {
        var request = Parse("?StudyDescription=");
        Assert.Empty(request.Matches);
        Assert.Equal(["StudyDescription"], request.IncludeFields);
    }

    [Fact]
    public void The_uids_of_the_address_narrow_the_search()
    {
        var request = QueryParser.Parse(new QueryCollection(), Level.Instance, "1.2", "1.3");
        Assert.Equal(("1.2", "1.3", Level.Instance), (request.StudyInstanceUid, request.SeriesInstanceUid, request.Level));
    }

    [Fact]
    public void A_larger_page_than_there_is_becomes_the_largest() => Assert.Equal(QueryParser.MaxLimit, Parse("?limit=2000000000").Limit);

    [Theory]
    [InlineData("?limit=-1", "limit")]
    [InlineData("?limit=ten", "limit")]
    [InlineData("?limit=1&limit=2", "limit")]
    [InlineData("?offset=99999999999", "offset")]
    [InlineData("?fuzzymatching=maybe", "fuzzymatching")]
    [InlineData("?includefield=NoSuchThing", "includefield")]
    [InlineData("?NoSuchThing=1", "NoSuchThing")]
    [InlineData("?(0010,0010)=x", "(0010,0010)")]
    [InlineData("?PatientName.=x", "PatientName.")]
    [InlineData("?=x", "")]
    public void What_is_not_understood_is_refused_by_name(string query, string field)
    {
        var error = Assert.Throws<RpcException>(() => Parse(query));
        Assert.True(MeshErrors.TryRead(error, out var reason, out var metadata));
        Assert.Equal(Reason.FieldInvalid, reason);
        Assert.Equal(field, metadata["field"]);
    }

    [Fact]
    public void Too_many_attributes_are_refused()
    {
        var error = Assert.Throws<RpcException>(() => Parse("?" + string.Join('&', Enumerable.Range(0x100, 101).Select(i => $"0009{i:X4}=1"))));
        Assert.True(MeshErrors.Is(error, Reason.LimitExceeded));
    }

    private static SearchRequest Parse(string query) => QueryParser.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), Level.Study, null, null);
}
