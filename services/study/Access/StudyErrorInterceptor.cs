using Grpc.Core;
using Grpc.Core.Interceptors;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Errors;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies;

/// <summary>Turns what sealing, object store and database throw into the errors of the contract.</summary>
internal sealed partial class StudyErrorInterceptor(ILogger<StudyErrorInterceptor> log) : Interceptor
{
    // ENOSPC and EDQUOT of Linux.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e) when (Translate(e, context) is { } error)
        {
            throw error;
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requests, context);
        }
        catch (Exception e) when (Translate(e, context) is { } error)
        {
            throw error;
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responses, context);
        }
        catch (Exception e) when (Translate(e, context) is { } error)
        {
            throw error;
        }
    }

    private RpcException? Translate(Exception e, ServerCallContext context)
    {
        switch (e)
        {
            case SealedDataException { Reason: var reason }:
                LogBroken(log, context.Method, reason.ToString());
                return SealBroken();
            case ObjectMissingException or DataKeyNotFoundException or InvalidDataException:
                LogBroken(log, context.Method, e.GetType().Name);
                return SealBroken();
            case DataKeyErasedException:
                return MeshErrors.NotFound("study");
            case UploadMovedException:
                return MeshErrors.Of(StatusCode.OutOfRange, Reason.UploadOffsetMismatch, "Another call has advanced this upload. Get it and go on from there.");
            case StudyVanishedException:
                return MeshErrors.Of(StatusCode.Aborted, Reason.ConcurrentChange, "A study was deleted while instances of it arrived. Get the upload and go on from there.");
            case PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.InsufficientPrivilege }:
                return MeshErrors.Unavailable("The sharing service has not started yet. Try again.");
            case IOException { HResult: NoSpace or QuotaExceeded }:
            case PostgresException { SqlState: PostgresErrorCodes.DiskFull }:
                LogFull(log);
                return MeshErrors.Of(StatusCode.ResourceExhausted, Reason.StoreFull, "The archive has no space left. Nothing of this group of instances was stored.");
            case ObjectStoreUnavailableException:
                LogAway(log, context.Method, e.Message);
                return MeshErrors.Unavailable("The object store does not answer. Try again.");
            default:
                return null;
        }
    }

    private static RpcException SealBroken() =>
        MeshErrors.Of(StatusCode.DataLoss, Reason.SealBroken, "Stored bytes fail authentication and are not served. Tell the operator.");

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method}: stored bytes cannot be opened ({Kind})")]
    private static partial void LogBroken(ILogger log, string method, string kind);

    [LoggerMessage(Level = LogLevel.Error, Message = "The disk of the object store or of the database is full")]
    private static partial void LogFull(ILogger log);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method}: {Problem}")]
    private static partial void LogAway(ILogger log, string method, string problem);
}
