using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using Grpc.Health.V1;
using MedCloudCare.Auth.V1;
using MedCloudCare.Gateway.Dimse.Store;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Gateway.Dimse.Hosting;

/// <summary>
/// Listens for DICOM associations, with and without TLS, and serves each connection on its own. When the host stops, no new
/// ones are taken, operations that run get a few seconds, and the rest is aborted.
/// </summary>
internal sealed partial class DicomDoor(
    GatewayOptions options, DoorTelemetry telemetry, StudyService.StudyServiceClient studies,
    DicomPeerService.DicomPeerServiceClient peers, MeshChannels channels, TimeProvider time, ILogger<DicomDoor> log) : IHostedService, IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HealthPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AfterError = TimeSpan.FromMilliseconds(200);

    private readonly DoorLimits _limits = options.Dicom.Limits;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DoorGuard _guard = new(options.Dicom.Limits);
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private readonly List<TcpListener> _listeners = [];
    private DoorTls? _tls;
    private int _connections;

    /// <exception cref="InvalidOperationException">The port without TLS is not on loopback.</exception>
    /// <exception cref="SocketException">A port is taken.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var (plain, secured) = (options.Dicom.Listen, options.Dicom.ListenTls);
        if (plain.Length > 0)
        {
            var endpoint = IPEndPoint.Parse(plain);
            if (!IPAddress.IsLoopback(endpoint.Address)) throw new InvalidOperationException("Gateway:Dicom:Listen is not a loopback address: other machines use the port with TLS.");
            Listen(endpoint, tls: null);
        }

        if (secured.Length > 0) Listen(IPEndPoint.Parse(secured), _tls = new DoorTls(options.PublicCert));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        foreach (var listener in _listeners) listener.Stop();
        var running = Task.WhenAll(_running.Keys);
        await Task.WhenAny(running, Task.Delay(Grace, time, cancellationToken));
        await _stop.CancelAsync();
        await running;
    }

    public void Dispose()
    {
        foreach (var listener in _listeners) listener.Dispose();
        _tls?.Dispose();
        _guard.Dispose();
        _stopping.Dispose();
        _stop.Dispose();
    }

    private void Listen(IPEndPoint endpoint, DoorTls? tls)
    {
        var listener = new TcpListener(endpoint);
        listener.Start(backlog: 128);
        _listeners.Add(listener);
        Track(AcceptAsync(listener, tls));
        LogListening(log, endpoint, tls is null ? "without TLS" : "TLS");
    }

    private async Task AcceptAsync(TcpListener listener, DoorTls? tls)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptSocketAsync(_stopping.Token);
                if (Interlocked.Increment(ref _connections) > _limits.Connections)
                {
                    Interlocked.Decrement(ref _connections);
                    socket.Dispose();
                    telemetry.Ended("overload");
                    continue;
                }

                Track(Task.Run(() => ServeAsync(socket, tls)));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of descriptors, or a connection that was reset before it was accepted.
                LogAcceptFailed(log, e.SocketErrorCode.ToString());
                await Task.Delay(AfterError, time);
            }
        }
    }

    private async Task ServeAsync(Socket socket, DoorTls? tls)
    {
        try
        {
            using var deadline = new Deadline(time, _stop.Token);
            deadline.Set(_limits.Handshake);
            socket.NoDelay = true;
            var address = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            await using var plain = new NetworkStream(socket, ownsSocket: true);
            Stream stream = plain;
            var certificate = "";
            if (tls is not null) (stream, certificate) = await tls.AcceptAsync(plain, deadline.Token);
            await using (stream)
            {
                using var association = new Association(Services(), stream, address, certificate, deadline, QuickAcknowledgement.Of(socket));
                await association.RunAsync();
            }
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            telemetry.Ended("handshake");
        }
        catch (Exception e)
        {
            LogFailed(log, e.GetType().Name);
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _connections);
        }
    }

    private AssociationServices Services() => new(_limits, _guard, telemetry, time, log, AdmitAsync, _stopping.Token, _stop.Token);

    private async ValueTask<IInstanceReceiver> AdmitAsync(DoorVisitor visitor, CancellationToken cancellation)
    {
        var pass = new DoorPass(peers, visitor, _limits.Admission, time);
        await pass.TokenAsync(cancellation);
        return new PatientReceiver(new UploadReceiver(studies, pass, _limits.Commit), IsServingAsync, _limits.Archive, time);
    }

    private async Task<bool> IsServingAsync(CancellationToken cancellation)
    {
        try
        {
            var answer = await new Health.HealthClient(channels.For("study"))
                .CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow + HealthPatience, cancellationToken: cancellation);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Track(Task task)
    {
        _running.TryAdd(task, 0);
        _ = task.ContinueWith(t => _running.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "DICOM door at {Endpoint}, {Security}")]
    private static partial void LogListening(ILogger log, IPEndPoint endpoint, string security);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A DICOM connection could not be accepted: {Error}")]
    private static partial void LogAcceptFailed(ILogger log, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A DICOM association failed ({Kind})")]
    private static partial void LogFailed(ILogger log, string kind);
}
