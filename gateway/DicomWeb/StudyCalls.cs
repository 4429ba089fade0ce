using Grpc.Core;
using MedCloudCare.Dicom;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb;

/// <summary>What every DICOMweb handler does alike: the caller's token passed on, UIDs checked, the instance's URL.</summary>
internal static class StudyCalls
{
    /// <summary>Options of a call made for the client of this request, which ends with it.</summary>
    public static CallOptions ForCaller(this HttpContext http)
    {
        var headers = new Metadata();
        if (http.Request.Headers.Authorization is [{ Length: > 0 } token]) headers.Add(MeshHeaders.AuthorizationName, token);
        return new CallOptions(headers, cancellationToken: http.RequestAborted);
    }

    /// <exception cref="RpcException">FIELD_INVALID: one of them is not a UID.</exception>
    public static void RequireUids(string study, string? series = null, string? instance = null)
    {
        Require(study, "study");
        if (series is not null) Require(series, "series");
        if (instance is not null) Require(instance, "instance");
    }

    /// <summary>Where this DICOMweb service is, as the client sees it: <c>https://host:port/dicomweb</c>.</summary>
    public static string DicomWebUrl(this HttpRequest request) => $"{request.Scheme}://{request.Host.ToUriComponent()}/dicomweb";

    private static void Require(string uid, string field)
    {
        if (!DicomUid.IsValid(uid)) throw MeshErrors.Invalid(field, "not a UID");
    }
}
