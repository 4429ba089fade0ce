using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Gateway.Errors;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using Microsoft.AspNetCore.Http.Features;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>
/// STOW-RS of Part 10 instances (PS3.18 §10.5): the parts of the body are passed on as they arrive, as one upload. The answer
/// says of every part whether it was stored (200 all, 202 some, 409 none). A body that breaks off leaves nothing of its last
/// instance; instances before it may be stored, and sending them again is not an error.
/// </summary>
internal sealed class StoreInstances(StudyService.StudyServiceClient studies, GatewayOptions options)
{
    /// <summary>Instances of one request, as of one call of the upload.</summary>
    public const int MaxParts = 10_000;

    // What a client still sends after an error is read, so that it sees the answer instead of a reset connection.
    private const int MaxDrained = 4 * 1024 * 1024;

    public async Task HandleAsync(HttpContext http, string? study = null)
    {
        if (study is not null) StudyCalls.RequireUids(study);
        var boundary = RequireMultipart(http.Request);
        var representation = Acceptable.Of(http.Request).Choose(DicomMediaTypes.Json);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = options.Limits.StoreBytes;

        var upload = await studies.CreateUploadAsync(await TargetAsync(http, study), http.ForCaller());
        StoreResponse response;
        try
        {
            using var reader = new MultipartReader(http.Request.Body, boundary, MaxParts);
            response = await PassOnAsync(http, upload, reader);
            await reader.DrainAsync(MaxDrained, http.RequestAborted);
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

    private async Task<StoreResponse> PassOnAsync(HttpContext http, Upload upload, MultipartReader reader)
    {
        var cancellation = http.RequestAborted;
        using var call = studies.UploadInstances(http.ForCaller());
        var response = new StoreResponse();
        try
        {
            var start = new UploadInstancesRequest.Types.Start { Upload = upload.Name, FirstInstance = upload.CommittedInstances };
            await call.RequestStream.WriteAsync(new UploadInstancesRequest { Start = start }, cancellation);
            var any = false;
            while (await reader.ReadPartAsync(cancellation) is { } headers)
            {
                any = true;
                if (IsDicom(headers)) await PassOnPartAsync(call.RequestStream, reader, headers, cancellation);
                else response.AddUnidentified(Reason.DicomNotRecognised);
            }

            if (!any) throw new MultipartException("there are no parts");
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException && !cancellation.IsCancellationRequested)
        {
            // The service has ended the call before the last part; what it answered says why, or else this failed.
            await call.ResponseAsync;
            throw;
        }

        response.Add((await call.ResponseAsync).Results);
        return response;
    }

    private static async Task PassOnPartAsync(
        IClientStreamWriter<UploadInstancesRequest> upload, MultipartReader reader, IReadOnlyDictionary<string, string> headers, CancellationToken cancellation)
    {
        var instance = new UploadInstancesRequest.Types.Instance();
        if (headers.TryGetValue("content-length", out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size)) instance.Size = size;
        await upload.WriteAsync(new UploadInstancesRequest { Instance = instance }, cancellation);
        while (await reader.ReadBodyAsync(cancellation) is { IsEmpty: false } chunk)
        {
            // The message is serialised before the write completes, and the buffer not touched until then.
            await upload.WriteAsync(new UploadInstancesRequest { Data = UnsafeByteOperations.UnsafeWrap(chunk) }, cancellation);
        }

        await upload.WriteAsync(new UploadInstancesRequest { End = new UploadInstancesRequest.Types.End() }, cancellation);
    }

    private static bool IsDicom(IReadOnlyDictionary<string, string> headers) =>
        headers.TryGetValue("content-type", out var text) && MediaType.TryParse(text, out var type) && type.Essence == DicomMediaTypes.Dicom;

    private static string RequireMultipart(HttpRequest request)
    {
        if (!MediaType.TryParse(request.ContentType, out var type) || !type.IsMultipartRelated || type.PartType is not (null or DicomMediaTypes.Dicom))
        {
            throw new UnsupportedBodyException("This address takes multipart/related; type=\"application/dicom\".");
        }

        return type.Boundary ?? throw MeshErrors.Invalid("Content-Type", "it names no boundary");
    }
}
