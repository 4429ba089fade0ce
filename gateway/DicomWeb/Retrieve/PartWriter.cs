using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Retrieve;

/// <summary>Writes the parts of an answer: multipart/related (RFC 2387), or the one part alone where that was negotiated.</summary>
internal sealed class PartWriter(HttpResponse response, Representation representation)
{
    private readonly string _boundary = "mcc-" + RandomNumberGenerator.GetHexString(32, lowercase: true);
    private bool _started;

    public PipeWriter Output => response.BodyWriter;

    /// <summary>The client asked for the headers alone: nothing is written after the first part has begun.</summary>
    public bool IsHeadOnly { get; } = HttpMethods.IsHead(response.HttpContext.Request.Method);

    /// <summary>Begins a part. The first one begins the answer.</summary>
    /// <param name="contentType">Of the part.</param>
    /// <param name="length">In bytes; null where it is not known yet.</param>
    /// <param name="location">URL of what is in it (Content-Location), or null.</param>
    /// <param name="part">Of a single-part answer: the range that is sent of it, not empty; null for all.</param>
    public void Begin(string contentType, long? length, string? location, DataRange? part = null)
    {
        // What is stored is whatever somebody sent: a browser must save it, never show it.
        if (response.Headers.ContentDisposition.Count == 0) response.Headers.ContentDisposition = "attachment";
        if (!representation.IsMultipart)
        {
            if (_started) throw new InvalidOperationException("A single-part answer has one part.");
            response.ContentType = contentType;
            response.ContentLength = part?.Length ?? length;
            if (part is not null)
            {
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {part.Offset}-{part.Offset + part.Length - 1}/{length}");
            }

            if (location is not null) response.Headers.ContentLocation = location;
        }
        else
        {
            if (!_started) response.ContentType = $"multipart/related; type=\"{representation.MediaType}\"; boundary={_boundary}";
            var head = new StringBuilder(256);
            head.Append(CultureInfo.InvariantCulture, $"{(_started ? "\r\n" : "")}--{_boundary}\r\nContent-Type: {contentType}\r\n");
            if (length is not null) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
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
