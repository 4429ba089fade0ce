using System.Buffers;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using MedCloudCare.Gateway.Dimse.Hosting;
using MedCloudCare.Gateway.Dimse.Messages;
using MedCloudCare.Platform.Access;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.Dimse.Store;

/// <summary>
/// Streams instances into study as the owner of the association: one call for each instance, since its response waits for the
/// commit. Calls of several associations share commits in study.
/// </summary>
internal sealed class UploadReceiver(StudyService.StudyServiceClient studies, DoorPass pass, TimeSpan commit) : IInstanceReceiver
{
    private static readonly TimeSpan EndedCall = TimeSpan.FromSeconds(5);

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private int _buffered;
    private DimseStatus? _failure;
    private AsyncClientStreamingCall<UploadInstancesRequest, UploadInstancesResponse>? _call;
    private IdentityCheck? _identity;

    public async ValueTask BeginAsync(InstanceHeading heading, CancellationToken cancellation)
    {
        (_failure, _buffered) = (null, 0);
        _identity = new IdentityCheck(heading);
        await TryAsync(async () =>
        {
            var headers = MeshHeaders.Delegation(await pass.TokenAsync(cancellation));
            _call = studies.UploadInstances(headers, cancellationToken: cancellation);
            await _call.RequestStream.WriteAsync(new UploadInstancesRequest { Start = new() }, cancellation);
            await _call.RequestStream.WriteAsync(new UploadInstancesRequest { Instance = new() }, cancellation);
        }, cancellation);
        await WriteAsync(Part10Header.Of(heading.SopClassUid, heading.SopInstanceUid, heading.TransferSyntaxUid), cancellation);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        if (_failure is not null) return;
        _identity!.Write(piece.Span);
        if (_identity.HasFailed)
        {
            await FailAsync(DimseStatus.DoesNotMatch);
            return;
        }

        while (!piece.IsEmpty && _failure is null)
        {
            var taken = Math.Min(piece.Length, _buffer.Length - _buffered);
            piece[..taken].CopyTo(_buffer.AsMemory(_buffered));
            piece = piece[taken..];
            _buffered += taken;
            if (_buffered == _buffer.Length) await FlushAsync(cancellation);
        }
    }

    public async ValueTask<DimseStatus> EndAsync(CancellationToken cancellation)
    {
        if (_failure is null) await FlushAsync(cancellation);
        UploadInstancesResponse? response = null;
        if (_failure is null)
        {
            await TryAsync(async () =>
            {
                await _call!.RequestStream.WriteAsync(new UploadInstancesRequest { End = new() }, cancellation);
                await _call.RequestStream.CompleteAsync();
                response = await _call.ResponseAsync.WaitAsync(commit, cancellation);
            }, cancellation);
        }

        _call?.Dispose();
        _call = null;
        if (response is null) return _failure ?? DimseStatus.ProcessingFailure("The archive gave no outcome");
        return response.Results is [var result] ? StoreStatus.Of(result) : DimseStatus.ProcessingFailure("The archive gave no outcome");
    }

    public ValueTask AbandonAsync() => FailAsync(DimseStatus.ProcessingFailure("given up"));

    public async ValueTask DisposeAsync()
    {
        await AbandonAsync();
        _identity?.Dispose();
        CryptographicOperations.ZeroMemory(_buffer);
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (_buffered == 0) return;

        // The message is serialised before the write completes, and the buffer not touched until then.
        var data = new UploadInstancesRequest { Data = UnsafeByteOperations.UnsafeWrap(_buffer.AsMemory(0, _buffered)) };
        await TryAsync(() => _call!.RequestStream.WriteAsync(data, cancellation).WaitAsync(commit, cancellation), cancellation);
        _buffered = 0;
    }

    /// <summary>Runs a step of the call; what fails becomes the status of this instance.</summary>
    private async ValueTask TryAsync(Func<Task> step, CancellationToken cancellation)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or TimeoutException)
        {
            cancellation.ThrowIfCancellationRequested();
            await FailAsync(await WhyAsync(e));
        }
    }

    /// <summary>A failed write does not say why the call has ended; its response does.</summary>
    private async Task<DimseStatus> WhyAsync(Exception error)
    {
        if (error is TimeoutException) return DimseStatus.OutOfResources("The archive is too slow now; send it again later");
        if (_call is not null)
        {
            try
            {
                await _call.ResponseAsync.WaitAsync(EndedCall);
            }
            catch (RpcException e)
            {
                return StoreStatus.Of(e);
            }
            catch (TimeoutException)
            {
                // The call has not ended: the failure is this side's.
            }
        }

        return error is RpcException rpc ? StoreStatus.Of(rpc) : DimseStatus.ProcessingFailure("The archive ended the call");
    }

    /// <summary>Ends the call without its instance.</summary>
    private ValueTask FailAsync(DimseStatus status)
    {
        _failure = status;
        _identity?.Dispose();
        if (_call is not null)
        {
            _call.Dispose();
            _call = null;
        }

        return ValueTask.CompletedTask;
    }
}
