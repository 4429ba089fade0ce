using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Output;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Upload;

/// <summary>
/// Sends files into one resumable upload. A broken connection is taken up again where the mesh has committed, for as long
/// as there is progress; nothing is held in memory but one chunk.
/// </summary>
/// <param name="studies">The study service.</param>
/// <param name="files">The files; their positions are the instance numbers.</param>
/// <param name="progress">Told the bytes that are on their way or there (absolute), and the instance number.</param>
internal sealed class Uploader(StudyService.StudyServiceClient studies, IReadOnlyList<UploadFile> files, Action<long, long> progress)
{
    // A call ends at whichever comes first: below the contract's 10,000 so that results are not held back for hours.
    private const int InstancesPerCall = 2_000;
    private const int ChunkSize = 128 << 10;
    private const int AttemptsWithoutProgress = 8;
    private const int AttemptsToOpen = 4;

    private long _sent;

    /// <summary>What became of the files so far.</summary>
    public UploadReport Report { get; } = new();

    /// <summary>Bytes of the files that were read, repeated ones counted again.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Opens an upload, or finds an earlier one.</summary>
    public async Task<Study.V1.Upload> OpenAsync(string? name, CancellationToken cancellationToken)
    {
        if (name is not null)
        {
            return await studies.GetUploadAsync(new GetUploadRequest { Name = name.StartsWith("uploads/", StringComparison.Ordinal) ? name : "uploads/" + name },
                deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        for (int failures = 0; ; failures++)
        {
            try
            {
                return await studies.CreateUploadAsync(new CreateUploadRequest(), deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && failures < AttemptsToOpen)
            {
                // Should the broken call have opened one after all, it stays empty and is forgotten.
                await Task.Delay(TimeSpan.FromMilliseconds(250 << failures), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Sends everything that is not committed yet.</summary>
    /// <returns>The upload as it is at the end.</returns>
    public async Task<Study.V1.Upload> RunAsync(Study.V1.Upload upload, CancellationToken cancellationToken)
    {
        int failures = 0;
        while (upload.CommittedInstances < files.Count)
        {
            long before = upload.CommittedInstances;
            try
            {
                UploadInstancesResponse answer = await SendAsync(upload, cancellationToken).ConfigureAwait(false);
                Report.Add(answer.Results, files);
                upload = answer.Upload;
                failures = 0;
                if (upload.CommittedInstances <= before)
                {
                    throw CliException.Failed($"The mesh took none of the instances from {before} on, and gave no reason.", $"Report this; the upload is {upload.Name}.");
                }
            }
            catch (RpcException e) when (IsBroken(e) && !cancellationToken.IsCancellationRequested)
            {
                upload = await FindAgainAsync(upload, e, failures, cancellationToken).ConfigureAwait(false);
                Report.AddUnreported(upload.CommittedInstances - before);
                failures = upload.CommittedInstances > before ? 0 : failures + 1;
            }
        }

        return upload;
    }

    /// <summary>Sends one call's worth of instances.</summary>
    private async Task<UploadInstancesResponse> SendAsync(Study.V1.Upload upload, CancellationToken cancellationToken)
    {
        int first = (int)upload.CommittedInstances;
        _sent = files.Take(first).Sum(f => f.Size);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        using AsyncClientStreamingCall<UploadInstancesRequest, UploadInstancesResponse> call = studies.UploadInstances(cancellationToken: cancellationToken);
        try
        {
            await call.RequestStream.SendAsync(new UploadInstancesRequest
            {
                Start = new UploadInstancesRequest.Types.Start { Upload = upload.Name, FirstInstance = first },
            }, cancellationToken).ConfigureAwait(false);
            for (int number = first; number < files.Count && number < first + InstancesPerCall; number++)
            {
                await SendFileAsync(call.RequestStream, number, buffer.AsMemory(0, ChunkSize), cancellationToken).ConfigureAwait(false);
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

    private async Task SendFileAsync(IClientStreamWriter<UploadInstancesRequest> stream, int number, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await using FileStream file = new(files[number].Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
        await stream.SendAsync(new UploadInstancesRequest
        {
            Instance = new UploadInstancesRequest.Types.Instance { Size = file.Length },
        }, cancellationToken).ConfigureAwait(false);
        while (await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) is int read and > 0)
        {
            // The write has serialized the message when it completes: the buffer may be used again.
            await stream.SendAsync(new UploadInstancesRequest { Data = UnsafeByteOperations.UnsafeWrap(buffer[..read]) }, cancellationToken).ConfigureAwait(false);
            _sent += read;
            BytesSent += read;
            progress(_sent, number);
        }

        await stream.SendAsync(new UploadInstancesRequest { End = new UploadInstancesRequest.Types.End() }, cancellationToken).ConfigureAwait(false);
        progress(_sent, number + 1);
    }

    /// <summary>Asks how far the upload is committed, with more patience the more often nothing moved.</summary>
    private async Task<Study.V1.Upload> FindAgainAsync(Study.V1.Upload upload, RpcException cause, int failures, CancellationToken cancellationToken)
    {
        if (failures >= AttemptsWithoutProgress)
        {
            throw cause;
        }

        Terminal.Note($"The call broke ({cause.StatusCode}); going on where the mesh has committed …");
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(8_000, 250 << failures)), cancellationToken).ConfigureAwait(false);
        try
        {
            return await OpenAsync(upload.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException e) when (IsBroken(e))
        {
            return upload;
        }
    }

    // Another process that sends into the same upload, or a commit that this client has not heard of, is an offset to
    // fetch anew; the rest is what a dying process or connection looks like.
    private static bool IsBroken(RpcException error) =>
        error.Status.DebugException is not CliException
        && (error.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.DeadlineExceeded or StatusCode.Aborted
            || RpcProblem.Of(error).Reason == "UPLOAD_OFFSET_MISMATCH");
}
