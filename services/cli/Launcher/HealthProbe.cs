using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using MedCloudCare.Cli.Connections;

namespace MedCloudCare.Cli.Launcher;

/// <summary>What a process answers when asked for its health.</summary>
internal enum HealthAnswer
{
    /// <summary>Nothing in time: it does not listen yet, or hangs.</summary>
    Silent,

    /// <summary>It lives and waits for something that it needs.</summary>
    NotServing,

    /// <summary>It is well.</summary>
    Serving,
}

/// <summary>
/// Asks a process of the mesh whether it is well: the services by grpc.health.v1 over mutual TLS, the gateway by
/// <c>/healthz</c> on its public port.
/// </summary>
internal sealed class HealthProbe : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private readonly IDisposable _connection;
    private readonly Func<CancellationToken, Task<bool>> _check;

    private HealthProbe(IDisposable connection, Func<CancellationToken, Task<bool>> check)
    {
        _connection = connection;
        _check = check;
    }

    /// <summary>A probe of a service behind the gateway.</summary>
    public static HealthProbe OfService(DataDirectory data, string service, string address)
    {
        GrpcChannel channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = MeshTls.Operator(data, service),
            DisposeHttpClient = true,
            // The probe repeats by itself; the channel's own waiting after a refused connection would only delay it.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
            MaxReconnectBackoff = TimeSpan.FromMilliseconds(200),
        });
        Health.HealthClient client = new(channel);
        return new HealthProbe(channel, async token =>
        {
            HealthCheckResponse answer = await client.CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow + Patience, cancellationToken: token).ConfigureAwait(false);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
        });
    }

    /// <summary>A probe of the gateway.</summary>
    public static HealthProbe OfGateway(string http)
    {
        HttpClient client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(http), Timeout = Patience };
        return new HealthProbe(client, async token =>
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri("/healthz", UriKind.Relative), token).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        });
    }

    /// <summary>The probe that fits a process.</summary>
    public static HealthProbe Of(DataDirectory data, MeshAddresses addresses, string service) =>
        service == MeshServices.Gateway ? OfGateway(addresses.Http) : OfService(data, service, addresses.Services[service]);

    /// <summary>Asks once.</summary>
    public async Task<HealthAnswer> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _check(cancellationToken).ConfigureAwait(false) ? HealthAnswer.Serving : HealthAnswer.NotServing;
        }
        catch (Exception e) when (e is RpcException or HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthAnswer.Silent;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
