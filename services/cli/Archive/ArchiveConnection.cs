using Grpc.Net.Client;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Archive;

/// <summary>A connection straight to the study service, over mutual TLS as the operator.</summary>
internal sealed class ArchiveConnection : IDisposable
{
    private readonly GrpcChannel _channel;

    private ArchiveConnection(GrpcChannel channel)
    {
        _channel = channel;
        Client = new ArchiveService.ArchiveServiceClient(channel);
    }

    public ArchiveService.ArchiveServiceClient Client { get; }

    /// <summary>Connects to the running mesh of a data directory.</summary>
    /// <exception cref="CliException">It does not run, or its keys cannot be read.</exception>
    public static ArchiveConnection Open(DataDirectory data)
    {
        if (MeshState.Read(data) is not { Phase: not (MeshPhase.Stopped or MeshPhase.Failed) } state)
        {
            throw new CliException(ExitCode.NotReachable, $"The mesh of '{data.Root}' is not running.", "Start it: mcc up");
        }

        return new ArchiveConnection(GrpcChannel.ForAddress(state.Services["study"], new GrpcChannelOptions
        {
            HttpHandler = MeshTls.Operator(data, "study"),
            DisposeHttpClient = true,
        }));
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
