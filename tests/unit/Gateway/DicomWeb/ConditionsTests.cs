using MedCloudCare.Gateway.DicomWeb.Retrieve;
using MedCloudCare.Study.V1;
using Microsoft.AspNetCore.Http;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class ConditionsTests
{
    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=5-", 5, 0)]
    [InlineData("bytes=5-9", 5, 5)]
    [InlineData("bytes=-7", -7, 0)]
    [InlineData("bytes=-0", long.MaxValue, 0)]
    [InlineData("bytes=9223372036854775807-", long.MaxValue, 0)]
    public void One_range_is_asked_for_as_offset_and_length(string header, long offset, long length) =>
        Assert.Equal(new DataRange { Offset = offset, Length = length }, Request(r => r.Headers.Range = header).WantedRange());

    [Theory]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("bytes=4-3")]
    [InlineData("bytes=0-9223372036854775807")]
    [InlineData("bytes=99999999999999999999-")]
    [InlineData("items=0-1")]
    [InlineData("0-1")]
    [InlineData("bytes=")]
    [InlineData("")]
    public void Anything_else_asks_for_the_whole(string header) => Assert.Null(Request(r => r.Headers.Range = header).WantedRange());

    [Fact]
    public void Only_GET_has_ranges() => Assert.Null(Request(r => (r.Method, r.Headers.Range) = ("HEAD", "bytes=0-1")).WantedRange());

    [Theory]
    [InlineData(null, true)]
    [InlineData("\"v\"", true)]
    [InlineData("W/\"v\"", false)]
    [InlineData("\"w\"", false)]
    [InlineData("v", false)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", false)]
    public void A_range_is_of_the_version_that_the_client_names(string? condition, bool expected) =>
        Assert.Equal(expected, Request(r => { if (condition is not null) r.Headers.IfRange = condition; }).AllowsRange("v"));

    [Theory]
    [InlineData("\"v\"", true)]
    [InlineData("W/\"v\"", true)]
    [InlineData("\"a\", W/\"v\"", true)]
    [InlineData("*", true)]
    [InlineData("\"w\"", false)]
    [InlineData("v", false)]
    [InlineData("", false)]
    public void What_the_client_knows_is_compared_weakly(string known, bool expected)
    {
        var response = Request(r => r.Headers.IfNoneMatch = known).HttpContext.Response;
        Assert.Equal(expected, response.IsNotModified("v", isStrong: true));
        Assert.Equal((expected ? 304 : 200, "\"v\""), (response.StatusCode, response.Headers.ETag.ToString()));
    }

    private static HttpRequest Request(Action<HttpRequest> set)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "GET";
        set(http.Request);
        return http.Request;
    }
}
