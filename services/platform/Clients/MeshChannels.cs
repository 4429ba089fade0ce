using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using MedCloudCare.Platform.Access;
using MedCloudCare.Platform.Hosting;

namespace MedCloudCare.Platform.Clients;

/// <summary>One channel for each service of the mesh: mutual TLS, the peer's name checked, idempotent calls retried, deadlines.</summary>
public sealed class MeshChannels(MeshOptions options, MeshCertificates certificates) : IDisposable
{
    // Answers of the upload RPC list up to 10,000 instances.
    private const int MaximumMessage = 16 * 1024 * 1024;

    // A stream of 64 KiB messages on loopback or a data-centre link is not held back by the window at this size.
    private const int StreamWindow = 1024 * 1024;

    private readonly ConcurrentDictionary<string, GrpcChannel> channels = new(StringComparer.Ordinal);

    /// <summary>The invoker of a service by its name.</summary>
    public CallInvoker For(string service) =>
        channels.GetOrAdd(service, Open).CreateCallInvoker().Intercept(new DeadlineInterceptor());

    /// <summary>The handler with this process's certificate that accepts only this service at the other end.</summary>
    public static SocketsHttpHandler Handler(MeshCertificates certificates, string service) => new()
    {
        SslOptions = certificates.ClientOptions(service),
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = StreamWindow,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var channel in channels.Values)
        {
            channel.Dispose();
        }
    }

    private GrpcChannel Open(string service)
    {
        if (!options.Services.TryGetValue(service, out var address))
        {
            throw new InvalidOperationException($"The configuration names no address of the service {service} (Mesh:Services:{service}).");
        }

        return GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = Handler(certificates, service),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaximumMessage,
            ServiceConfig = RetriesOfIdempotentCalls,
        });
    }

    /// <summary>Retries exactly the RPCs that their contract calls idempotent, when the service is unavailable.</summary>
    private static readonly ServiceConfig RetriesOfIdempotentCalls = MakeRetries();

    private static ServiceConfig MakeRetries()
    {
        var method = new MethodConfig
        {
            RetryPolicy = new RetryPolicy
            {
                MaxAttempts = 5,
                InitialBackoff = TimeSpan.FromMilliseconds(100),
                MaxBackoff = TimeSpan.FromSeconds(2),
                BackoffMultiplier = 2,
                RetryableStatusCodes = { StatusCode.Unavailable },
            },
        };
        foreach (var rpc in AccessTable.Files.SelectMany(f => f.Services).SelectMany(s => s.Methods))
        {
            if (rpc.GetOptions()?.IdempotencyLevel is Google.Protobuf.Reflection.MethodOptions.Types.IdempotencyLevel.NoSideEffects
                or Google.Protobuf.Reflection.MethodOptions.Types.IdempotencyLevel.Idempotent)
            {
                method.Names.Add(new MethodName { Service = rpc.Service.FullName, Method = rpc.Name });
            }
        }

        return new ServiceConfig { MethodConfigs = { method } };
    }
}

/// <summary>Gives every unary call without a deadline one.</summary>
internal sealed class DeadlineInterceptor : Interceptor
{
    private static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        if (context.Options.Deadline is null)
        {
            context = new ClientInterceptorContext<TRequest, TResponse>(
                context.Method, context.Host, context.Options.WithDeadline(DateTime.UtcNow + Default));
        }

        return continuation(request, context);
    }
}
