namespace MedCloudCare.Gateway.Errors;

/// <summary>415: the request's media type is none that the address takes. The message says which it takes.</summary>
internal class UnsupportedBodyException(string message) : Exception(message);
