using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>The instances of a request on their way into one call of study's upload.</summary>
internal sealed class UploadStream(IClientStreamWriter<UploadInstancesRequest> upload, CancellationToken cancellation)
{
    private const int MaxChunk = 256 * 1024;

    /// <param name="size">In bytes; 0 if it is not known.</param>
    public Task BeginAsync(long size) =>
        upload.WriteAsync(new UploadInstancesRequest { Instance = new() { Size = size } }, cancellation);

    /// <summary>The buffer may be used again when this completes: the message is serialised by then.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        for (; bytes.Length > MaxChunk; bytes = bytes[MaxChunk..]) await WriteChunkAsync(bytes[..MaxChunk]);
        await WriteChunkAsync(bytes);
    }

    public Task EndAsync() => upload.WriteAsync(new UploadInstancesRequest { End = new() }, cancellation);

    private Task WriteChunkAsync(ReadOnlyMemory<byte> chunk) =>
        upload.WriteAsync(new UploadInstancesRequest { Data = UnsafeByteOperations.UnsafeWrap(chunk) }, cancellation);
}
