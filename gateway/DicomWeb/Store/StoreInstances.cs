using Grpc.Core;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using Microsoft.AspNetCore.Http.Features;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>
/// STOW-RS (PS3.18 §10.5): the instances of the body are passed on as they arrive, as one upload. The answer says of each
/// whether it was stored (200 all, 202 some, 409 none). A body that breaks off leaves nothing of its last instance; instances
/// before it may be stored, and sending them again is not an error.
/// </summary>
internal sealed class StoreInstances(StudyService.StudyServiceClient studies, GatewayOptions options)
{
    /// <summary>Instances of one request, as of one call of the upload.</summary>
    public const int MaxParts = 10_000;

    private const int MaxDrained = 4 * 1024 * 1024;

    public async Task HandleAsync(HttpContext http, string? study = null)
    {
        if (study is not null) StudyCalls.RequireUids(study);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Json);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = options.Limits.StoreBytes;

        StoreResponse response;
        try
        {
            using var body = BodyOf(http.Request);
            response = await PassOnAsync(http, await TargetAsync(http, study), body);
            await body.DrainAsync(MaxDrained, http.RequestAborted);
        }
        catch (MultipartLimitException e)
        {
            throw MeshErrors.Limit(e.Limit, e.Most);
        }
        catch (MultipartException e)
        {
            throw MeshErrors.Invalid("body", e.Message);
        }

        http.Response.StatusCode = response.StatusCode;
        http.Response.ContentType = representation.MediaType;
        await http.Response.BodyWriter.WriteAsync(response.ToJson(http.Request.DicomWebUrl()), http.RequestAborted);
    }

    /// <summary>The study to store into: the caller's own or one that is shared with them where it exists, else a new one of this UID.</summary>
    private async Task<CreateUploadRequest> TargetAsync(HttpContext http, string? study)
    {
        if (study is null) return new CreateUploadRequest();
        var found = await studies.ListStudiesAsync(new ListStudiesRequest { StudyInstanceUid = study, PageSize = 100 }, http.ForCaller());
        var target = found.Studies.FirstOrDefault(s => s.Access == Access.Owner) ?? found.Studies.FirstOrDefault();
        return target is null ? new CreateUploadRequest { StudyInstanceUid = study } : new CreateUploadRequest { Study = target.Name };
    }

    private async Task<StoreResponse> PassOnAsync(HttpContext http, CreateUploadRequest target, StoreBody body)
    {
        var cancellation = http.RequestAborted;
        using var call = studies.UploadInstances(http.ForCaller());
        var response = new StoreResponse();
        try
        {
            var start = new UploadInstancesRequest.Types.Start { Target = target };
            await call.RequestStream.WriteAsync(new UploadInstancesRequest { Start = start }, cancellation);
            await body.PassOnAsync(new UploadStream(call.RequestStream, cancellation), response, cancellation);
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException && !cancellation.IsCancellationRequested)
        {
            // Where the service has ended the call before the last instance, what it answered says why.
            if (e is RpcException own && MeshErrors.TryRead(own, out _, out _)) throw;
            await call.ResponseAsync;
            throw;
        }

        response.Add((await call.ResponseAsync).Results);
        return response;
    }

    /// <exception cref="UnsupportedBodyException">415.</exception>
    private static StoreBody BodyOf(HttpRequest request)
    {
        if (!MediaType.TryParse(request.ContentType, out var type)) throw Unsupported();
        return type switch
        {
            { Essence: DicomMediaTypes.Dicom } => new SingleFileBody(request),
            { Essence: DicomMediaTypes.DicomJson } => new JsonBody(request, null),
            { IsMultipartRelated: true, PartType: null or DicomMediaTypes.Dicom } => new MultipartFilesBody(ReaderOf(request, type)),
            { IsMultipartRelated: true, PartType: DicomMediaTypes.DicomJson } => new JsonBody(request, ReaderOf(request, type)),
            _ => throw Unsupported(),
        };
    }

    private static MultipartReader ReaderOf(HttpRequest request, MediaType type) =>
        new(request.Body, type.Boundary ?? throw MeshErrors.Invalid("Content-Type", "it names no boundary"), MaxParts);

    private static UnsupportedBodyException Unsupported() => new(
        "This address takes application/dicom, application/dicom+json, or multipart/related of one of these types.");
}
