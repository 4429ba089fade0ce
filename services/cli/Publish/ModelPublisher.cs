using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Publish;

/// <summary>Sends a model package.</summary>
internal static class ModelPublisher
{
    private const int ChunkSize = 128 << 10;

    /// <summary>Publishes it; validation errors come as RpcException.</summary>
    /// <param name="models">The model service.</param>
    /// <param name="start">What is published.</param>
    /// <param name="package">Its files.</param>
    /// <param name="progress">Told the fraction sent and the file.</param>
    /// <param name="cancellationToken">Ends it; nothing is kept then.</param>
    public static async Task<PublishModelResponse> RunAsync(
        ModelService.ModelServiceClient models, PublishModelRequest.Types.Start start, ModelPackage package, Action<double, string> progress, CancellationToken cancellationToken)
    {
        using AsyncClientStreamingCall<PublishModelRequest, PublishModelResponse> call = models.PublishModel(cancellationToken: cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            double total = Math.Max(1, package.Files.Sum(f => f.Size));
            long sent = 0;
            await call.RequestStream.SendAsync(new PublishModelRequest { Start = start }, cancellationToken).ConfigureAwait(false);
            foreach (PackageFile file in package.Files)
            {
                await call.RequestStream.SendAsync(new PublishModelRequest { File = new PublishModelRequest.Types.File { Path = file.Path } }, cancellationToken).ConfigureAwait(false);
                await using FileStream source = new(file.Source, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
                while (await source.ReadAsync(buffer.AsMemory(0, ChunkSize), cancellationToken).ConfigureAwait(false) is int read and > 0)
                {
                    await call.RequestStream.SendAsync(new PublishModelRequest { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) }, cancellationToken).ConfigureAwait(false);
                    sent += read;
                    progress(sent / total, file.Path);
                }
            }

            await call.RequestStream.EndAsync().ConfigureAwait(false);
        }
        catch (CallEndedException)
        {
            // The answer says why.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return await call.ResponseAsync.ConfigureAwait(false);
    }
}
