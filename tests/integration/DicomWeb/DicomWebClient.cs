using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>The DICOMweb face of a mesh as a user's client sees it.</summary>
internal sealed class DicomWebClient(TestUser user) : IDisposable
{
    public const string MultipartDicom = "multipart/related; type=\"application/dicom\"";
    public const string MultipartFrames = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"";

    private readonly HttpClient http = user.Http();

    /// <summary>GET of what is below /dicomweb, or of an absolute URL.</summary>
    public async Task<DicomWebAnswer> GetAsync(string path, string? accept = null)
    {
        var url = path.StartsWith("https:", StringComparison.Ordinal) ? new Uri(path) : new Uri("/dicomweb/" + path, UriKind.Relative);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return await SendAsync(request);
    }

    /// <summary>QIDO-RS: the matches.</summary>
    public async Task<List<JsonElement>> SearchAsync(string pathAndQuery)
    {
        var answer = await GetAsync(pathAndQuery, "application/dicom+json");
        return answer.Status == HttpStatusCode.OK
            ? [.. answer.Json.EnumerateArray()]
            : throw new InvalidOperationException($"{pathAndQuery}: {answer}");
    }

    /// <summary>STOW-RS of files, one part each.</summary>
    public Task<DicomWebAnswer> StoreAsync(IEnumerable<byte[]> files, string? study = null) =>
        PostAsync(MultipartBody.Of(files), $"{MultipartDicom}; boundary={MultipartBody.Boundary}", study);

    /// <summary>STOW-RS of any body.</summary>
    public async Task<DicomWebAnswer> PostAsync(byte[] body, string contentType, string? study = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/dicomweb/studies" + (study is null ? "" : "/" + study), UriKind.Relative)) { Content = content };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/dicom+json"));
        return await SendAsync(request);
    }

    public void Dispose() => http.Dispose();

    /// <summary>Any request below /dicomweb, with headers as they stand.</summary>
    public async Task<DicomWebAnswer> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path.Length == 0 ? "/dicomweb" : "/dicomweb/" + path, UriKind.Relative));
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await SendAsync(request);
    }

    private async Task<DicomWebAnswer> SendAsync(HttpRequestMessage request)
    {
        using var response = await http.SendAsync(request);
        return new DicomWebAnswer(response.StatusCode, response.Content.Headers.ContentType?.ToString() ?? "", await response.Content.ReadAsByteArrayAsync())
        {
            Headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase),
        };
    }
}

/// <summary>An answer, read to its end.</summary>
internal sealed record DicomWebAnswer(HttpStatusCode Status, string ContentType, byte[] Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>A header, or nothing.</summary>
    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>Of a multipart body.</summary>
    public IReadOnlyList<BodyPart> Parts => MultipartBody.Parse(ContentType, Body);

    /// <summary>The reason of a typed error; fails where the error is not typed.</summary>
    public string Reason => ErrorInfo.GetProperty("reason").GetString()!;

    public string Message => Json.GetProperty("message").GetString()!;

    /// <summary>The items of a sequence of a Store Instances Response; empty where it is absent.</summary>
    public IReadOnlyList<JsonElement> Items(string tag) =>
        Json.TryGetProperty(tag, out var sequence) ? [.. sequence.GetProperty("Value").EnumerateArray()] : [];

    public override string ToString() => $"{(int)Status} {ContentType} {Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 2000)))}";

    private JsonElement ErrorInfo => Json.GetProperty("details").EnumerateArray()
        .Single(d => d.GetProperty("@type").GetString() == "type.googleapis.com/google.rpc.ErrorInfo");
}

/// <summary>Reading DICOM JSON (PS3.18 annex F).</summary>
internal static class DicomJsonValues
{
    /// <summary>The first value as text (of a name, its alphabetic group); null where there is none.</summary>
    public static string? First(this JsonElement dataset, string tag) => dataset.Values(tag) is [{ } first, ..] ? first : null;

    /// <summary>All values as texts.</summary>
    public static IReadOnlyList<string> Values(this JsonElement dataset, string tag) =>
        dataset.TryGetProperty(tag, out var element) && element.TryGetProperty("Value", out var values)
            ? [.. values.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Object && v.TryGetProperty("Alphabetic", out var name) ? name.ToString() : v.ToString())]
            : [];
}
