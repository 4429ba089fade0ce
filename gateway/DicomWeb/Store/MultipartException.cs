namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>A multipart body breaks RFC 2046. The message says how, without content.</summary>
internal class MultipartException(string message) : Exception(message);

/// <summary>A multipart body is over a limit.</summary>
internal sealed class MultipartLimitException(string limit, long most) : MultipartException($"over the limit: {limit}")
{
    public string Limit => limit;

    public long Most => most;
}
