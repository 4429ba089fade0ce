using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using MedCloudCare.Gateway.DicomWeb.Query;
using MedCloudCare.Gateway.DicomWeb.Retrieve;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Gateway.Tests.DicomWeb;

public sealed class JsonStreamTests
{
    private const string Url = "https://localhost:8443/dicomweb/studies/1/series/2/instances/3";

    private const string Instance =
        """{"00080018":{"vr":"UI","Value":["1.2.3"]},"00081140":{"vr":"SQ","Value":[{"00080018":{"vr":"UI","Value":["9.9"]},"0020000E":{"vr":"UI","Value":["9.8"]}}]},"0020000D":{"vr":"UI","Value":["1.2"]},"0020000E":{"vr":"UI","Value":["1.2.5"]},"7FE00010":{"vr":"OW","BulkDataURI":"{base}/bulkdata/7FE00010"}}""";

    private static readonly string[] Pieces =
    [
        "\"BulkDataURI\":\"{base}/", "\"BulkDataURI\":\"", "\"BulkDataURI\"", "\"BulkDataURI\":", "{base}", "{base}/", "\"", "BulkDataURI\":\"{base}/", "\\\"", "x", ":", "\"Bulk", "{bas",
    ];

    private static readonly Gen<string> Text = Gen.Int[0, Pieces.Length - 1].Array[0, 30].Select(indices => string.Concat(indices.Select(i => Pieces[i])));

    [Fact]
    public void The_base_of_every_bulk_data_uri_is_replaced_however_the_text_is_divided() =>
        Gen.Select(Text, Gen.Int[1, 25].Array[1, 10]).Sample(
            (text, lengths) => Assert.Equal(
                text.Replace("\"BulkDataURI\":\"{base}/", $"\"BulkDataURI\":\"{Url}/", StringComparison.Ordinal), Replace(text, lengths)),
            iter: 20_000);

    [Fact]
    public void An_instance_is_identified_from_its_beginning_and_never_wrongly()
    {
        var bytes = Encoding.UTF8.GetBytes(Instance);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var found = InstanceIdentity.Read(bytes.AsSpan(0, length), length == bytes.Length, wantsSeries: true, out var complete);
            Assert.True(found.Instance is null or "1.2.3" && found.Series is null or "1.2.5");
            Assert.Equal(complete, found is { Instance: "1.2.3", Series: "1.2.5" });
            if (length == bytes.Length) Assert.True(complete);
        }
    }

    [Theory]
    [InlineData("""{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"0020000D":{"vr":"UI","Value":["1.2"]}}""", Level.Study, "studies/1.2", 1)]
    [InlineData("""{"0020000D":{"vr":"UI","Value":["1.2"]},"0020000E":{"vr":"UI","Value":["1.3"]}}""", Level.Series, "studies/1.2/series/1.3", 0)]
    [InlineData(Instance, Level.Instance, "studies/1.2/series/1.2.5/instances/1.2.3", 2)]
    public void The_retrieve_url_is_put_in_the_order_of_tags(string match, Level level, string expected, int position)
    {
        var output = new ArrayBufferWriter<byte>();
        RetrieveUrl.Insert(Encoding.UTF8.GetBytes(match), level, "http://h/dicomweb", output);
        using var json = JsonDocument.Parse(output.WrittenMemory);
        Assert.Equal("http://h/dicomweb/" + expected, json.RootElement.GetProperty("00081190").GetProperty("Value")[0].GetString());
        var names = json.RootElement.EnumerateObject().Select(p => p.Name).ToList();
        Assert.Equal(position, names.IndexOf("00081190"));
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        using var before = JsonDocument.Parse(match);
        foreach (var property in before.RootElement.EnumerateObject()) Assert.True(JsonElement.DeepEquals(property.Value, json.RootElement.GetProperty(property.Name)));
    }

    private static string Replace(string text, int[] lengths)
    {
        var output = new ArrayBufferWriter<byte>();
        var replacer = new BaseUrlReplacer();
        var rest = Encoding.UTF8.GetBytes(text).AsSpan();
        for (var i = 0; rest.Length > 0; i++)
        {
            var length = Math.Min(rest.Length, lengths[i % lengths.Length]);
            replacer.Write(rest[..length], Encoding.UTF8.GetBytes(Url), output);
            rest = rest[length..];
        }

        replacer.End(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
