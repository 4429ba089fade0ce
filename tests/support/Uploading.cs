using Google.Protobuf;
using MedCloudCare.Study.V1;

namespace MedCloudCare.TestSupport;

/// <summary>Uploads files as an internal tool would: over the streaming RPC.</summary>
public static class Uploading
{
    private const int Chunk = 64 * 1024;

    /// <summary>Opens an upload and streams all files into it.</summary>
    public static async Task<UploadInstancesResponse> UploadAsync(this TestUser user, IEnumerable<byte[]> files, string study = "")
    {
        var upload = await user.Studies.CreateUploadAsync(new CreateUploadRequest { Study = study }, user.Headers);
        return await user.UploadAsync(upload.Name, 0, files);
    }

    /// <summary>Streams files into an upload, from an instance number on.</summary>
    public static async Task<UploadInstancesResponse> UploadAsync(this TestUser user, string upload, long first, IEnumerable<byte[]> files)
    {
        using var call = user.Studies.UploadInstances(user.Headers, DateTime.UtcNow.AddMinutes(5));
        try
        {
            await call.RequestStream.WriteAsync(new UploadInstancesRequest { Start = new() { Upload = upload, FirstInstance = first } });
            foreach (var file in files)
            {
                await call.RequestStream.WriteFileAsync(file);
            }

            await call.RequestStream.CompleteAsync();
        }
        catch (Exception e) when (e is Grpc.Core.RpcException or InvalidOperationException)
        {
            // The service has ended the call before all was sent: its answer says why, the failed write does not.
        }

        return await call;
    }

    /// <summary>Writes one instance in chunks.</summary>
    public static async Task WriteFileAsync(this Grpc.Core.IClientStreamWriter<UploadInstancesRequest> stream, ReadOnlyMemory<byte> file)
    {
        await stream.WriteAsync(new UploadInstancesRequest { Instance = new() { Size = file.Length } });
        for (var offset = 0; offset < file.Length; offset += Chunk)
        {
            var chunk = file.Slice(offset, Math.Min(Chunk, file.Length - offset));
            await stream.WriteAsync(new UploadInstancesRequest { Data = UnsafeByteOperations.UnsafeWrap(chunk) });
        }

        await stream.WriteAsync(new UploadInstancesRequest { End = new() });
    }

    /// <summary>All files of an answer, by SOP Instance UID.</summary>
    public static async Task<IReadOnlyDictionary<string, byte[]>> FilesAsync(this Grpc.Core.AsyncServerStreamingCall<RetrieveInstancesResponse> call)
    {
        var files = new Dictionary<string, MemoryStream>();
        MemoryStream? current = null;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var message = call.ResponseStream.Current;
            if (message.MessageCase == RetrieveInstancesResponse.MessageOneofCase.Header)
            {
                files.Add(message.Header.SopInstanceUid, current = new MemoryStream());
            }
            else
            {
                current!.Write(message.Data.Span);
            }
        }

        return files.ToDictionary(f => f.Key, f => f.Value.ToArray());
    }
}
