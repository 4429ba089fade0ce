namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>A multipart body breaks RFC 2046 or is over a limit. The message says how, without content.</summary>
internal sealed class MultipartException(string message) : Exception(message);
