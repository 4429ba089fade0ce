using System.Net.Sockets;
using Grpc.Net.Client;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Hosting;

namespace MedCloudCare.Jobs.Pods;

/// <summary>Opens channels to pods: a Unix socket of this host, or mutual TLS to a peer named "pod".</summary>
public sealed class PodChannel(MeshCertificates certificates)
{
    private const string UnixScheme = "unix://";
    private const int StreamWindow = 1 << 20;

    /// <param name="endpoint">unix:///path or https://host:port.</param>
    /// <exception cref="ArgumentException">Neither.</exception>
    public GrpcChannel Open(string endpoint)
    {
        // Retries on the channel would resend a series behind the job's back; the job retries itself.
        var options = new GrpcChannelOptions { DisposeHttpClient = true, MaxReceiveMessageSize = PodLimits.MaxMessageBytes, MaxRetryAttempts = 1 };
        if (endpoint.StartsWith(UnixScheme, StringComparison.Ordinal))
        {
            options.HttpHandler = UnixHandler(endpoint[UnixScheme.Length..]);
            return GrpcChannel.ForAddress("http://localhost", options);
        }

        if (!endpoint.StartsWith("https://", StringComparison.Ordinal)) throw new ArgumentException("An endpoint is unix:///path or https://host:port.", nameof(endpoint));
        options.HttpHandler = MeshChannels.Handler(certificates, "pod");
        return GrpcChannel.ForAddress(endpoint, options);
    }

    private static SocketsHttpHandler UnixHandler(string path) => new()
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = StreamWindow,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        UseProxy = false,
    };
}
