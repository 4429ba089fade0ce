using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Jobs.Work;
using MedCloudCare.Pod.V1;
using MedCloudCare.Study.V1;
using Response = MedCloudCare.Study.V1.RetrieveInstancesResponse;

namespace MedCloudCare.Jobs.Pods;

/// <summary>What a model answered: the result and the voxels that it announced.</summary>
internal sealed record ReceivedResult(Result Result, ReadOnlyMemory<byte> Voxels);

/// <summary>
/// One run of a model on one series: the series goes through from the archive as the pod takes it, progress comes back, then
/// the result. Nothing but the result is held in memory.
/// </summary>
internal sealed class PodCall(PodService.PodServiceClient pod, long maxResultBytes, Action<double, string> report)
{
    private readonly Queue<string> _log = new();

    /// <exception cref="PodLostException">The pod ended or broke its contract.</exception>
    /// <exception cref="JobFailedException">The model failed, or its result is not valid.</exception>
    /// <exception cref="TryLaterException">The archive does not answer.</exception>
    public async Task<ReceivedResult> RunAsync(InferRequest.Types.Start start, IAsyncEnumerable<Response> series, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = pod.Infer(cancellationToken: stop.Token);
        var receiving = ReceiveAsync(call.ResponseStream, stop.Token);
        var sending = SendAsync(call.RequestStream, start, series, stop.Token);
        try
        {
            // A model may answer before it has taken the whole series; a failed sender has nothing more to wait for.
            if (await Task.WhenAny(receiving, sending) == sending && sending.IsFaulted) await EndOfFailedSenderAsync(sending, receiving);
            return await receiving;
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new PodLostException($"The pod's call ended: {e.StatusCode}", e);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(receiving, sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The archive's error is the job's; a broken request stream only says that the pod's answer is on its way.</summary>
    private static async Task EndOfFailedSenderAsync(Task sending, Task<ReceivedResult> receiving)
    {
        if (sending.Exception!.InnerException is JobFailedException or TryLaterException) await sending;
        if (await Task.WhenAny(receiving, Task.Delay(TimeSpan.FromSeconds(10))) != receiving) throw new PodLostException("The pod takes no more requests.", sending.Exception);
    }

    private static async Task SendAsync(
        IClientStreamWriter<InferRequest> requests, InferRequest.Types.Start start, IAsyncEnumerable<Response> series, CancellationToken cancellation)
    {
        long left = 0;
        var begun = false;
        await foreach (var message in series.WithCancellation(cancellation))
        {
            if (message.MessageCase == Response.MessageOneofCase.Header)
            {
                if (!begun)
                {
                    start.InstanceCount = message.Header.Count;
                    await requests.WriteAsync(new InferRequest { Start = start }, cancellation);
                    begun = true;
                }

                left = message.Header.Size;
                var instance = new InferRequest.Types.Instance { SopInstanceUid = message.Header.SopInstanceUid, Size = left };
                await requests.WriteAsync(new InferRequest { Instance = instance }, cancellation);
                continue;
            }

            left -= message.Data.Length;
            await requests.WriteAsync(new InferRequest { Data = message.Data }, cancellation);
        }

        if (!begun) throw new JobFailedException(Reason.SeriesNotSuitable, "The series has no instances.");
        if (left != 0) throw new TryLaterException("The archive's answer ended early.");
        await requests.WriteAsync(new InferRequest { End = new InferRequest.Types.End() }, cancellation);
        await requests.CompleteAsync();
    }

    private async Task<ReceivedResult> ReceiveAsync(IAsyncStreamReader<InferResponse> responses, CancellationToken cancellation)
    {
        Result? result = null;
        ResultBuffer? voxels = null;
        await foreach (var response in responses.ReadAllAsync(cancellation))
        {
            switch (response.MessageCase)
            {
                case InferResponse.MessageOneofCase.Progress:
                    report(double.IsFinite(response.Progress.Fraction) ? Math.Clamp(response.Progress.Fraction, 0, 1) : 0, PodLimits.Cut(response.Progress.Message, PodLimits.MaxProgressText));
                    break;
                case InferResponse.MessageOneofCase.Log:
                    Keep(response.Log.Line);
                    break;
                case InferResponse.MessageOneofCase.Failure:
                    throw Failed(response.Failure);
                case InferResponse.MessageOneofCase.Result when result is null:
                    result = response.Result;
                    voxels = new ResultBuffer(AnnouncedBytes(result));
                    break;
                case InferResponse.MessageOneofCase.Data when voxels is not null:
                    voxels.Append(response.Data.Span);
                    break;
                case InferResponse.MessageOneofCase.Done when result is not null:
                    return new ReceivedResult(result, voxels!.Complete());
                default:
                    throw new PodLostException("The pod's answers are out of order.");
            }
        }

        throw new PodLostException("The pod ended its answer early.");
    }

    private long AnnouncedBytes(Result result)
    {
        var (slices, rows, columns, size) = result.KindCase switch
        {
            Result.KindOneofCase.Segmentation => (result.Segmentation.Slices, result.Segmentation.Rows, result.Segmentation.Columns, result.Segmentation.BytesPerVoxel),
            Result.KindOneofCase.ImageSeries => (result.ImageSeries.Slices, result.ImageSeries.Rows, result.ImageSeries.Columns, sizeof(short)),
            _ => (0, 0, 0, 0),
        };
        if (size == 0 && result.KindCase is not Result.KindOneofCase.Segmentation) return 0;
        if (slices is < 1 or > PodLimits.MaxSlices || rows is < 1 or > ushort.MaxValue || columns is < 1 or > ushort.MaxValue || size is not (1 or 2)) throw new JobFailedException(Reason.ModelResultInvalid, "The result's shape is not one of a volume.");
        var bytes = (long)slices * rows * columns * size;
        return bytes <= maxResultBytes ? bytes : throw new JobFailedException(Reason.ModelLimitExceeded, $"The result has more than {maxResultBytes >> 20} MiB of voxels.");
    }

    private JobFailedException Failed(Failure failure)
    {
        var reason = failure.Kind switch
        {
            Failure.Types.Kind.SeriesNotSuitable => Reason.SeriesNotSuitable,
            Failure.Types.Kind.ResultInvalid => Reason.ModelResultInvalid,
            Failure.Types.Kind.LimitExceeded => Reason.ModelLimitExceeded,
            _ => Reason.ModelFailed,
        };
        var detail = PodLimits.Cut(failure.Traceback, PodLimits.MaxTraceback);
        if (_log.Count > 0) detail = $"{detail}\n\nThe last lines it printed:\n{string.Join('\n', _log)}".TrimStart();
        return new JobFailedException(reason, PodLimits.Cut(failure.Message, PodLimits.MaxMessageText), detail);
    }

    private void Keep(string line)
    {
        if (_log.Count == PodLimits.KeptLogLines) _log.Dequeue();
        _log.Enqueue(PodLimits.Cut(line, PodLimits.MaxLogLine));
    }
}
