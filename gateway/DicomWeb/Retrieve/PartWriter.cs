using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using MedCloudCare.Gateway.DicomWeb.Negotiation;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>Writes the parts of an answer: multipart/related (RFC 2387), or the one part alone where that was negotiated.</summary>
internal sealed class PartWriter(HttpResponse response, Representation representation)
{
    private readonly string _boundary = "mcc-" + RandomNumberGenerator.GetHexString(32, lowercase: true);
    private bool _started;

    public PipeWriter Output => response.BodyWriter;

    /// <summary>Begins a part. The first one begins the answer.</summary>
    /// <param name="contentType">Of the part.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="location">URL of what is in it (Content-Location), or null.</param>
    public void Begin(string contentType, long length, string? location)
    {
        if (!representation.IsMultipart)
        {
            if (_started) throw new InvalidOperationException("A single-part answer has one part.");
            response.ContentType = contentType;
            response.ContentLength = length;
            if (location is not null) response.Headers.ContentLocation = location;
        }
        else
        {
            if (!_started) response.ContentType = $"multipart/related; type=\"{representation.MediaType}\"; boundary={_boundary}";
            var head = new StringBuilder(256);
            head.Append(CultureInfo.InvariantCulture, $"{(_started ? "\r\n" : "")}--{_boundary}\r\nContent-Type: {contentType}\r\nContent-Length: {length}\r\n");
            if (location is not null) head.Append(CultureInfo.InvariantCulture, $"Content-Location: {location}\r\n");
            Write(head.Append("\r\n"));
        }

        _started = true;
    }

    /// <summary>Ends the answer.</summary>
    public ValueTask EndAsync(CancellationToken cancellation)
    {
        if (representation.IsMultipart) Write(new StringBuilder($"\r\n--{_boundary}--\r\n"));
        return Output.FlushAllAsync(cancellation);
    }

    private void Write(StringBuilder text) => Output.Write(Encoding.ASCII.GetBytes(text.ToString()));
}
