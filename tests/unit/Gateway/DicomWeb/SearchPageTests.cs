using System.Text;
using MedCloudCare.Gateway.DicomWeb.Query;
using Microsoft.AspNetCore.Http;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class SearchPageTests
{
    private static readonly byte[] Match = Encoding.UTF8.GetBytes("""{"0020000D":{"vr":"UI","Value":["1.2"]}}""");

    [Fact]
    public async Task An_answer_that_knows_what_remains_begins_at_once() =>
        Assert.Equal("There are 7 additional results that can be requested", WarningOf(await WriteAsync(a => { a.Announce(7); Assert.True(a.HasBegun); a.Write(Match); })));

    [Fact]
    public async Task One_that_is_told_at_its_end_holds_its_matches_back()
    {
        var http = await WriteAsync(a => { a.Write(Match); a.Write(Match); Assert.False(a.HasBegun); a.AnnounceMore(); });
        Assert.Equal("There are additional results that can be requested", WarningOf(http));
        Assert.Equal(2, System.Text.Json.JsonDocument.Parse(((MemoryStream)http.Response.Body).ToArray()).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task One_that_is_complete_or_empty_warns_of_nothing()
    {
        Assert.Equal("", WarningOf(await WriteAsync(a => { a.Announce(0); a.Write(Match); })));
        Assert.Equal("", WarningOf(await WriteAsync(a => a.Write(Match))));
        var empty = await WriteAsync(_ => { });
        Assert.Equal(("", "[]"), (WarningOf(empty), Encoding.UTF8.GetString(((MemoryStream)empty.Response.Body).ToArray())));
    }

    [Fact]
    public async Task One_that_is_too_large_to_be_held_back_begins_with_a_caution()
    {
        var large = Encoding.UTF8.GetBytes("{\"00081030\":{\"vr\":\"LO\",\"Value\":[\"" + new string('x', 600_000) + "\"]},\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}}");
        var http = await WriteAsync(a =>
        {
            for (var i = 0; i < 8; i++) a.Write(large);
            Assert.True(a.HasBegun);
            a.AnnounceMore();
        });
        Assert.Equal("There may be additional results that can be requested", WarningOf(http));
        Assert.Equal(8, System.Text.Json.JsonDocument.Parse(((MemoryStream)http.Response.Body).ToArray()).RootElement.GetArrayLength());
    }

    private static string WarningOf(HttpContext http) => http.Response.Headers.Warning.ToString() is { Length: > 0 } text ? text.Split('"')[1] : "";

    private static async Task<HttpContext> WriteAsync(Action<SearchAnswer> write)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "GET";
        http.Request.Host = new HostString("h", 1);
        http.Response.Body = new MemoryStream();
        var answer = new SearchAnswer(http.Response, "application/dicom+json", Level.Study, "http://h/dicomweb");
        write(answer);
        answer.End();
        await http.Response.BodyWriter.FlushAsync();
        return http;
    }
}
