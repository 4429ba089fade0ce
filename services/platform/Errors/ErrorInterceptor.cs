using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Hosting;
using Microsoft.Extensions.Logging;

namespace MedCloudCare.Platform.Errors;

/// <summary>
/// The outermost layer of every RPC: lets typed errors pass and turns everything else into one. Callers get an identifier,
/// the log gets the same identifier, the type and the stack.
/// </summary>
internal sealed partial class ErrorInterceptor(ILogger<ErrorInterceptor> log, MeshOptions options) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        FrameworkErrors.HandOver(context);
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e) when (e is not RpcException || IsUntyped(e))
        {
            throw Translate(e, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        FrameworkErrors.HandOver(context);
        try
        {
            return await continuation(requests, context);
        }
        catch (Exception e) when (e is not RpcException || IsUntyped(e))
        {
            throw Translate(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        FrameworkErrors.HandOver(context);
        try
        {
            await continuation(request, responses, context);
        }
        catch (Exception e) when (e is not RpcException || IsUntyped(e))
        {
            throw Translate(e, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        FrameworkErrors.HandOver(context);
        try
        {
            await continuation(requests, responses, context);
        }
        catch (Exception e) when (e is not RpcException || IsUntyped(e))
        {
            throw Translate(e, context);
        }
    }

    /// <summary>An error of a call to another service that carries no ErrorInfo: of the transport, or of the framework.</summary>
    private static bool IsUntyped(Exception e) => e is RpcException rpc && !MeshErrors.TryRead(rpc, out _, out _);

    /// <summary>The database stops, starts or does not answer; what maps rows wraps what says so.</summary>
    private static bool IsDatabaseAway(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is Npgsql.NpgsqlException { IsTransient: true }
                or Npgsql.PostgresException
                {
                    SqlState: Npgsql.PostgresErrorCodes.AdminShutdown or Npgsql.PostgresErrorCodes.CrashShutdown or Npgsql.PostgresErrorCodes.CannotConnectNow,
                })
            {
                return true;
            }
        }

        return false;
    }

    private RpcException Translate(Exception e, ServerCallContext context)
    {
        if (context.CancellationToken.IsCancellationRequested && e is OperationCanceledException or IOException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            return context.Deadline < DateTime.UtcNow
                ? MeshErrors.Of(StatusCode.DeadlineExceeded, Reason.DeadlineExceeded, "The call took longer than its deadline.")
                : new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
        }

        switch (e)
        {
            case RpcException { StatusCode: StatusCode.Unavailable }:
                return MeshErrors.Unavailable("A service that is needed does not answer. Try again.");
            case RpcException { StatusCode: StatusCode.DeadlineExceeded }:
                return MeshErrors.Of(StatusCode.DeadlineExceeded, Reason.DeadlineExceeded, "A service that is needed took too long. Try again.");
            case RpcException { StatusCode: StatusCode.ResourceExhausted }:
                return MeshErrors.Of(StatusCode.ResourceExhausted, Reason.LimitExceeded, "A message is over the size limit.", ("limit", "message size"));
            case RpcException { StatusCode: StatusCode.InvalidArgument }:
                return MeshErrors.Invalid("request", "it is malformed");
            case var _ when IsDatabaseAway(e):
                return MeshErrors.Unavailable("The database does not answer. Try again.");
        }

        var id = Activity.Current?.TraceId.ToString() ?? Guid.NewGuid().ToString("n");
        var detail = options.LogExceptionMessages ? e.ToString() : e.StackTrace ?? "";
        var kind = e.GetBaseException() is Npgsql.PostgresException p ? $"PostgresException {p.SqlState} {p.ConstraintName}" : e.GetType().FullName!;
        LogFailure(log, context.Method, id, kind, detail);
        return MeshErrors.Of(StatusCode.Internal, Reason.Internal, $"A fault of this system; tell its operator this identifier: {id}", ("id", id));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed ({Id}): {Kind}\n{Detail}")]
    private static partial void LogFailure(ILogger log, string method, string id, string kind, string detail);
}
