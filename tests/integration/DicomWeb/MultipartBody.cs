using System.Globalization;
using System.Text;
using Xunit;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>A part of a multipart/related body.</summary>
internal sealed record BodyPart(string ContentType, string Location, byte[] Content);

/// <summary>Writes and reads multipart/related bodies (RFC 2387), strictly.</summary>
internal static class MultipartBody
{
    public const string Boundary = "part-of-a-test-0123456789";

    private static ReadOnlySpan<byte> BlankLine => "\r\n\r\n"u8;

    /// <summary>Files as parts of application/dicom.</summary>
    public static byte[] Of(IEnumerable<byte[]> files) => Of(files.Select(f => ("application/dicom", f)));

    public static byte[] Of(IEnumerable<(string ContentType, byte[] Content)> parts)
    {
        using var body = new MemoryStream();
        foreach (var (type, content) in parts)
        {
            body.Write(Encoding.ASCII.GetBytes($"--{Boundary}\r\nContent-Type: {type}\r\n\r\n"));
            body.Write(content);
            body.Write("\r\n"u8);
        }

        body.Write(Encoding.ASCII.GetBytes($"--{Boundary}--\r\n"));
        return body.ToArray();
    }

    /// <summary>The parts; fails the test where anything but parts and boundaries stands in the body.</summary>
    public static IReadOnlyList<BodyPart> Parse(string contentType, byte[] body)
    {
        Assert.StartsWith("multipart/related", contentType, StringComparison.Ordinal);
        var boundary = contentType[(contentType.IndexOf("boundary=", StringComparison.Ordinal) + 9)..].Trim('"');
        var parts = new List<BodyPart>();
        var (delimiter, at) = (Encoding.ASCII.GetBytes("--" + boundary), 0);
        while (true)
        {
            Assert.True(body.AsSpan(at).StartsWith(delimiter), $"no boundary at byte {at}");
            at += delimiter.Length;
            if (body.AsSpan(at).StartsWith("--"u8))
            {
                Assert.InRange(body.Length - at, 2, 4);
                return parts;
            }

            var end = body.AsSpan(at).IndexOf(BlankLine);
            var headers = Encoding.ASCII.GetString(body, at, end).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(": ", 2)).ToDictionary(h => h[0], h => h[1], StringComparer.OrdinalIgnoreCase);
            at += end + BlankLine.Length;

            // A part that is made while it is sent has no Content-Length.
            var length = headers.TryGetValue("Content-Length", out var declared)
                ? int.Parse(declared, CultureInfo.InvariantCulture)
                : body.AsSpan(at).IndexOf([.. "\r\n"u8, .. delimiter]);
            parts.Add(new BodyPart(headers["Content-Type"], headers.GetValueOrDefault("Content-Location", ""), body[at..(at + length)]));
            at += length;
            Assert.True(body.AsSpan(at).StartsWith("\r\n"u8), $"part {parts.Count} is longer than its Content-Length");
            at += 2;
        }
    }
}
