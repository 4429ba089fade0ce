using System.Buffers;
using System.Globalization;
using MedCloudCare.Common.V1;
using MedCloudCare.Gateway.DicomWeb.Negotiation;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>A body of STOW-RS, in one of the forms of PS3.18 §10.5.1.</summary>
internal abstract class StoreBody : IDisposable
{
    /// <summary>Reads the body and passes its instances on as they come.</summary>
    /// <param name="upload">Where instances go.</param>
    /// <param name="response">Takes what is found to be no instance here.</param>
    /// <param name="cancellation">Of the request.</param>
    /// <exception cref="MultipartException">The body is malformed; what has been passed on may be stored.</exception>
    public abstract Task PassOnAsync(UploadStream upload, StoreResponse response, CancellationToken cancellation);

    /// <summary>Reads what a client still sends, so that it sees the answer instead of a reset connection.</summary>
    public virtual ValueTask DrainAsync(int maxBytes, CancellationToken cancellation) => ValueTask.CompletedTask;

    public virtual void Dispose()
    {
    }
}

/// <summary>One Part 10 file: <c>application/dicom</c>.</summary>
internal sealed class SingleFileBody(HttpRequest request) : StoreBody
{
    private const int BufferSize = 64 * 1024;

    public override async Task PassOnAsync(UploadStream upload, StoreResponse response, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await upload.BeginAsync(request.ContentLength ?? 0);
            for (int read; (read = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation)) > 0;)
            {
                await upload.WriteAsync(buffer.AsMemory(0, read));
            }

            await upload.EndAsync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}

/// <summary>Part 10 files: <c>multipart/related; type="application/dicom"</c>.</summary>
internal sealed class MultipartFilesBody(MultipartReader reader) : StoreBody
{
    public override async Task PassOnAsync(UploadStream upload, StoreResponse response, CancellationToken cancellation)
    {
        var any = false;
        while (await reader.ReadPartAsync(cancellation) is { } headers)
        {
            any = true;
            if (!IsDicom(headers))
            {
                response.AddUnidentified(Reason.DicomNotRecognised, "The part's Content-Type is not application/dicom.");
                continue;
            }

            await upload.BeginAsync(LengthOf(headers));
            while (await reader.ReadBodyAsync(cancellation) is { IsEmpty: false } chunk) await upload.WriteAsync(chunk);
            await upload.EndAsync();
        }

        if (!any) throw new MultipartException("there are no parts");
    }

    public override ValueTask DrainAsync(int maxBytes, CancellationToken cancellation) => reader.DrainAsync(maxBytes, cancellation);

    public override void Dispose()
    {
        reader.Dispose();
        base.Dispose();
    }

    private static long LengthOf(IReadOnlyDictionary<string, string> headers) =>
        headers.TryGetValue("content-length", out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0;

    private static bool IsDicom(IReadOnlyDictionary<string, string> headers) =>
        headers.TryGetValue("content-type", out var text) && MediaType.TryParse(text, out var type) && type.Essence == DicomMediaTypes.Dicom;
}
