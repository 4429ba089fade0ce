using System.Net;
using System.Text;
using System.Xml.Linq;
using MedCloudCare.Common.V1;
using MedCloudCare.TestSupport;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Retrieve Capabilities (PS3.18 §8.9): what the document names is there, and nothing else is.</summary>
[Collection(MeshCollection.Name)]
public sealed class CapabilityTests(MeshFixture mesh) : IAsyncLifetime, IDisposable
{
    private static readonly XNamespace Wadl = "http://wadl.dev.java.net/2009/02";
    private DicomWebClient _client = null!;

    public async Task InitializeAsync() => _client = new DicomWebClient(await mesh.NewUserAsync(Role.HealthProfessional));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _client?.Dispose();

    [Fact]
    public async Task Every_method_that_the_document_names_is_served_and_no_other()
    {
        var answer = await _client.SendAsync(HttpMethod.Options, "", ("Accept", "application/vnd.sun.wadl+xml"));
        Assert.Equal((HttpStatusCode.OK, "application/vnd.sun.wadl+xml"), (answer.Status, answer.ContentType));
        var resources = XElement.Parse(Encoding.UTF8.GetString(answer.Body)).Element(Wadl + "resources")!;
        Assert.EndsWith("/dicomweb/", resources.Attribute("base")!.Value, StringComparison.Ordinal);
        var checks = 0;
        foreach (var resource in resources.Elements(Wadl + "resource"))
        {
            var path = resource.Attribute("path")!.Value.Replace("{study}", "1.2", StringComparison.Ordinal).Replace("{series}", "1.3", StringComparison.Ordinal)
                .Replace("{instance}", "1.4", StringComparison.Ordinal).Replace("{list}", "1", StringComparison.Ordinal).Replace("{frame}", "1", StringComparison.Ordinal)
                .Replace("{code}", "113039%5EDCM", StringComparison.Ordinal).Replace("{path}", "7FE00010", StringComparison.Ordinal);
            var verbs = resource.Elements(Wadl + "method").Select(m => m.Attribute("name")!.Value).ToHashSet();
            foreach (var verb in new[] { "GET", "POST", "PUT", "PATCH" })
            {
                var status = (await _client.SendAsync(new HttpMethod(verb), path)).Status;
                Assert.True((status != HttpStatusCode.MethodNotAllowed) == verbs.Contains(verb), $"{verb} {path}: {status}");
                checks++;
            }

            var options = await _client.SendAsync(HttpMethod.Options, path);
            Assert.Equal(HttpStatusCode.NoContent, options.Status);
            Assert.Equal(verbs.Concat(verbs.Contains("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"]).Order(), options.Header("Allow").Split(", ").Order());
        }

        Assert.True(checks > 60);
    }

    [Theory]
    [InlineData("application/vnd.sun.wadl+json", "application/vnd.sun.wadl+json")]
    [InlineData("application/json", "application/json")]
    [InlineData("*/*", "application/vnd.sun.wadl+xml")]
    public async Task The_document_is_had_as_the_client_accepts_it_with_GET_too(string accept, string contentType)
    {
        var answer = await _client.GetAsync("capabilities", accept);
        Assert.Equal((HttpStatusCode.OK, contentType), (answer.Status, answer.ContentType));
        if (contentType.EndsWith("json", StringComparison.Ordinal))
        {
            var resources = answer.Json.GetProperty("application").GetProperty("resources")[0].GetProperty("resource");
            Assert.Contains("SearchForStudies", resources[0].GetProperty("method").EnumerateArray().Select(m => m.GetProperty("@id").GetString()));
        }

        Assert.Equal(HttpStatusCode.NotAcceptable, (await _client.GetAsync("capabilities", "text/html")).Status);
    }

    [Fact]
    public async Task What_is_nothing_is_not_found_with_any_method()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync("nothing")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.SendAsync(HttpMethod.Options, "studies/1.2/nothing")).Status);
    }
}
