using System.Buffers;
using MedCloudCare.Common.V1;
using MedCloudCare.Dicom;
using MedCloudCare.Gateway.DicomWeb.Negotiation;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>
/// DICOM JSON with bulk data (PS3.18 §10.5.1.2, annex F): <c>multipart/related; type="application/dicom+json"</c>, parts of
/// metadata (each an array of data sets) and, by their Content-Location, the values that these name as BulkDataURI; or the
/// array alone. The instances become Part 10 files in Explicit VR Little Endian. As data sets and values may come in any
/// order, the body is held in memory: it is small, and so is what all such requests may hold together.
/// </summary>
internal sealed class JsonBody(HttpRequest request, MultipartReader? reader) : StoreBody
{
    /// <summary>Of one request.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    private const long MaxHeldByAll = 2 * MaxBytes;
    private static long _heldByAll;

    private readonly List<DicomDataset> _datasets = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _values = new(StringComparer.Ordinal);
    private int _read;

    public override async Task PassOnAsync(UploadStream upload, StoreResponse response, CancellationToken cancellation)
    {
        try
        {
            if (reader is null) AddDatasets(await ReadAllAsync(cancellation));
            else await ReadPartsAsync(reader, cancellation);
            foreach (var dataset in _datasets) await PassOnAsync(dataset, upload, response);
        }
        finally
        {
            Interlocked.Add(ref _heldByAll, -_read);
        }
    }

    public override ValueTask DrainAsync(int maxBytes, CancellationToken cancellation) => reader?.DrainAsync(maxBytes, cancellation) ?? ValueTask.CompletedTask;

    public override void Dispose()
    {
        reader?.Dispose();
        base.Dispose();
    }

    private async Task ReadPartsAsync(MultipartReader parts, CancellationToken cancellation)
    {
        while (await parts.ReadPartAsync(cancellation) is { } headers)
        {
            var content = new ArrayBufferWriter<byte>(4096);
            while (await parts.ReadBodyAsync(cancellation) is { IsEmpty: false } chunk)
            {
                Count(chunk.Length);
                content.Write(chunk.Span);
            }

            if (!headers.TryGetValue("content-type", out var text) || !MediaType.TryParse(text, out var type)) throw new MultipartException("a part has no Content-Type");
            if (type.Essence is DicomMediaTypes.DicomJson or "application/json") AddDatasets(content.WrittenMemory);
            else if (type.Essence != DicomMediaTypes.OctetStream) throw new UnsupportedPartException();
            else if (!headers.TryGetValue("content-location", out var location) || !_values.TryAdd(location, content.WrittenMemory))
            {
                throw new MultipartException("a part of bulk data has no Content-Location, or that of another one");
            }
        }

        if (_datasets.Count == 0) throw new MultipartException("there are no data sets");
    }

    private async Task<ReadOnlyMemory<byte>> ReadAllAsync(CancellationToken cancellation)
    {
        var content = new ArrayBufferWriter<byte>(64 * 1024);
        for (int read; (read = await request.Body.ReadAsync(content.GetMemory(64 * 1024), cancellation)) > 0;)
        {
            Count(read);
            content.Advance(read);
        }

        return content.WrittenMemory;
    }

    private void Count(int bytes)
    {
        var all = Interlocked.Add(ref _heldByAll, bytes);
        if ((_read += bytes) > MaxBytes) throw new MultipartLimitException("bytes of DICOM JSON and its bulk data", MaxBytes);
        if (all > MaxHeldByAll) throw MeshErrors.Unavailable("Too much DICOM JSON is being stored at once. Try again.");
    }

    private void AddDatasets(ReadOnlyMemory<byte> json)
    {
        try
        {
            _datasets.AddRange(DicomJsonReader.ReadAll(json.Span));
        }
        catch (DicomException e)
        {
            throw MeshErrors.Invalid("body", $"no DICOM JSON: {e.Message}");
        }

        if (_datasets.Count > StoreInstances.MaxParts) throw new MultipartLimitException("instances of one request", StoreInstances.MaxParts);
    }

    private async Task PassOnAsync(DicomDataset dataset, UploadStream upload, StoreResponse response)
    {
        byte[] file;
        try
        {
            file = DicomFile.ToArray(Whole(dataset));
        }
        catch (DicomException e)
        {
            response.AddUnidentified(Reason.DicomIdentifierMissing, e.Message);
            return;
        }
        catch (MissingValueException)
        {
            response.AddFailed(dataset, Reason.DicomMalformed, "A BulkDataURI names no part of the request.");
            return;
        }

        await upload.BeginAsync(file.Length);
        await upload.WriteAsync(file);
        await upload.EndAsync();
    }

    /// <summary>The data set with its bulk data, and without the attributes of a file's head, which are made anew.</summary>
    private DicomDataset Whole(DicomDataset dataset)
    {
        var whole = new DicomDataset();
        foreach (var element in dataset.Where(e => e.Tag.Group != 0x0002))
        {
            whole.Set(element switch
            {
                { Bulk: { } bulk } => _values.TryGetValue(bulk.Uri, out var value) ? new DicomElement(element.Tag, element.VR, value) : throw new MissingValueException(),
                { VR: DicomVR.SQ } => new DicomElement(element.Tag, [.. element.Items.Select(Whole)]),
                _ => element,
            });
        }

        return whole;
    }

    private sealed class MissingValueException : Exception;
}
