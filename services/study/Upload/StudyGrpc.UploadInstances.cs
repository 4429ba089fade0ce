using Grpc.Core;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Study.V1;
using Message = MedCloudCare.Study.V1.UploadInstancesRequest.MessageOneofCase;

namespace MedCloudCare.Studies;

internal sealed partial class StudyGrpc
{
    public override async Task<UploadInstancesResponse> UploadInstances(IAsyncStreamReader<UploadInstancesRequest> requests, ServerCallContext context)
    {
        // 1. What is stored where: the first message.
        if (!await requests.MoveNext(context.CancellationToken) || requests.Current.MessageCase != Message.Start)
        {
            throw MeshErrors.Invalid("message", "the first message must be start");
        }

        UploadInstancesRequest.Types.Start start = requests.Current.Start;
        UploadTarget target = await TargetOfAsync(start, context);

        // 2. The instances.
        using IDisposable pass = limiter.Enter(target.Author);
        await using UploadSession session = new(uploads, target, context.CancellationToken);
        try
        {
            await ReceiveAsync(requests, session, context.CancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && session.HasUncommitted)
        {
            // The client has gone: what it sent completely is kept, so that it goes on from there.
            session.DropInstance();
            await session.CommitAsync();
            throw;
        }

        // 3. Where the upload stands now.
        UploadInstancesResponse response = new()
        {
            Upload = target.Id is null ? session.Describe() : ToProto(await RequireUploadAsync(start.Upload, "start.upload", context)),
        };
        response.Results.AddRange(session.Results);
        return response;
    }

    private async Task<UploadTarget> TargetOfAsync(UploadInstancesRequest.Types.Start start, ServerCallContext context)
    {
        Caller caller = context.Caller();
        bool isOneCall = start.Upload.Length == 0;
        if (!isOneCall && start.Target is not null)
        {
            throw MeshErrors.Invalid("start.target", "must be absent where start.upload names an upload");
        }

        UploadRow upload = isOneCall
            ? await PlanUploadAsync(start.Target ?? new CreateUploadRequest(), context)
            : await RequireUploadAsync(start.Upload, "start.upload", context);
        if (start.FirstInstance != upload.CommittedInstances)
        {
            throw MeshErrors.Of(StatusCode.OutOfRange, Reason.UploadOffsetMismatch,
                $"The next instance of this upload is number {upload.CommittedInstances}.",
                ("committed_instances", upload.CommittedInstances.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        Guid owner = upload.StudyId is { } study ? (await RequireWritableAsync(caller, study, context.CancellationToken)).Owner : caller.AccountId;
        return new UploadTarget(isOneCall ? null : upload.Id, caller.AccountId, owner, upload.StudyInstanceUid, upload.CommittedInstances);
    }

    private async Task ReceiveAsync(IAsyncStreamReader<UploadInstancesRequest> requests, UploadSession session, CancellationToken cancellationToken)
    {
        while (await NextAsync(requests, session, cancellationToken))
        {
            UploadInstancesRequest request = requests.Current;
            switch (request.MessageCase)
            {
                case Message.Instance when !session.IsInInstance:
                    if (session.Count == uploads.Options.MaxInstancesPerCall)
                    {
                        await session.CommitAsync();
                        throw MeshErrors.Limit("the number of instances of a call", uploads.Options.MaxInstancesPerCall);
                    }

                    session.Begin(request.Instance.Size);
                    break;
                case Message.Data when session.IsInInstance:
                    if (request.Data.Length > uploads.Options.MaxChunkBytes)
                    {
                        throw MeshErrors.Limit("the size of a chunk", uploads.Options.MaxChunkBytes);
                    }

                    await session.WriteAsync(request.Data.Memory);
                    break;
                case Message.End when session.IsInInstance:
                    await session.EndAsync();
                    break;
                default:
                    throw MeshErrors.Invalid("message", "instance, data and end must follow each other for every instance");
            }
        }

        if (session.IsInInstance)
        {
            throw MeshErrors.Invalid("message", "the last instance has no end");
        }

        await session.CommitAsync();
    }

    /// <summary>The next message; when the client pauses between instances, what is complete is committed meanwhile.</summary>
    private async ValueTask<bool> NextAsync(IAsyncStreamReader<UploadInstancesRequest> requests, UploadSession session, CancellationToken cancellationToken)
    {
        Task<bool> next = requests.MoveNext(cancellationToken);
        if (!next.IsCompleted && session is { HasUncommitted: true, IsInInstance: false })
        {
            using CancellationTokenSource arrived = new();
            Task idle = Task.Delay(uploads.Options.GroupIdle, time, arrived.Token);
            if (await Task.WhenAny(next, idle) == idle)
            {
                await session.CommitAsync();
            }

            await arrived.CancelAsync();
        }

        return await next;
    }
}
