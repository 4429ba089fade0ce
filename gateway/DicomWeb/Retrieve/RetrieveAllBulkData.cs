using System.Buffers;
using System.Text.Json;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>
/// WADO-RS bulk data of a study, series or instance (PS3.18 §10.4.1.1.5): every value that its metadata name by a BulkDataURI,
/// little endian, each as a part with that URI as its Content-Location. The metadata of one instance at a time are read for it.
/// </summary>
internal sealed class RetrieveAllBulkData(StudyService.StudyServiceClient studies, StudyStreams streams)
{
    private const int MaxMetadataBytes = 32 * 1024 * 1024;

    private static readonly Representation[] Offers = [new(DicomMediaTypes.OctetStream, true)];

    public async Task HandleAsync(HttpContext http, string study, string? series = null, string? instance = null)
    {
        StudyCalls.RequireUids(study, series, instance);
        var representation = Acceptable.Of(http.Request).Choose(Offers);
        using var call = studies.RetrieveMetadata(
            new RetrieveMetadataRequest { StudyInstanceUid = study, SeriesInstanceUid = series ?? "", SopInstanceUid = instance ?? "" }, http.ForCaller());
        var parts = new PartWriter(http.Response, representation);
        var (json, any) = (new ArrayBufferWriter<byte>(64 * 1024), false);
        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            json.Write(call.ResponseStream.Current.DicomJson.Span);
            if (json.WrittenCount > MaxMetadataBytes) throw MeshErrors.Limit("bytes of the metadata of an instance", MaxMetadataBytes);
            if (!call.ResponseStream.Current.EndOfInstance) continue;
            foreach (var request in RequestsOf(json.WrittenMemory, study))
            {
                any = true;
                await SendAsync(http, parts, request);
                if (parts.IsHeadOnly) return;
            }

            json.ResetWrittenCount();
        }

        if (!any) throw MeshErrors.NotFound("bulk data");
        await parts.EndAsync(http.RequestAborted);
    }

    /// <summary>The values that the metadata of an instance name, in their order.</summary>
    public static IReadOnlyList<RetrieveBulkDataRequest> RequestsOf(ReadOnlyMemory<byte> json, string study)
    {
        var identity = InstanceIdentity.Read(json.Span, isWhole: true, wantsSeries: true, out _);
        var requests = new List<RetrieveBulkDataRequest>();
        var reader = new Utf8JsonReader(json.Span, InstanceIdentity.ReaderOptions);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals("BulkDataURI"u8) || !reader.Read()) continue;
            requests.Add(new RetrieveBulkDataRequest
            {
                StudyInstanceUid = study, SeriesInstanceUid = identity.Series, SopInstanceUid = identity.Instance,
                Path = reader.GetString()!["{base}/bulkdata/".Length..],
            });
        }

        return requests;
    }

    private async Task SendAsync(HttpContext http, PartWriter parts, RetrieveBulkDataRequest request)
    {
        using var call = streams.RetrieveBulkData(request, http.ForCaller());
        var header = (await call.FirstAsync(http.RequestAborted)).Message!.Header;
        var url = $"{http.Request.DicomWebUrl()}/studies/{request.StudyInstanceUid}/series/{request.SeriesInstanceUid}/instances/{request.SopInstanceUid}/bulkdata/{request.Path}";
        parts.Begin(DicomMediaTypes.OctetStream, header.Size, url);
        while (!parts.IsHeadOnly && await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            using var chunk = call.ResponseStream.Current;
            parts.Output.Write(chunk.Data.Span);
            await parts.Output.FlushIfFullAsync(http.RequestAborted);
        }
    }
}
