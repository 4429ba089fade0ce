using Grpc.Net.Client;
using MedCloudCare.Cli.Connections;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Keys.V1;

namespace MedCloudCare.Cli.Keys;

/// <summary>The services that wrap keys under the master keys, asked over mutual TLS as the operator.</summary>
internal sealed class KeyServices : IDisposable
{
    /// <summary>The services, and what their keys open.</summary>
    private static readonly (string Service, string What)[] Holders = [("study", "studies"), ("model", "model versions")];

    private readonly List<(string What, GrpcChannel Channel)> _services;

    private KeyServices(List<(string What, GrpcChannel Channel)> services) => _services = services;

    /// <summary>Connects to the running mesh of a data directory.</summary>
    /// <exception cref="CliException">It does not run, or its certificates cannot be read.</exception>
    public static KeyServices Open(DataDirectory data)
    {
        if (MeshState.Read(data) is not { Phase: not (MeshPhase.Stopped or MeshPhase.Failed) } state)
        {
            throw new CliException(ExitCode.NotReachable, $"The mesh of '{data.Root}' is not running.", "Start it: mcc up");
        }

        return new KeyServices([.. Holders.Select(h => (h.What, GrpcChannel.ForAddress(state.Services[h.Service], new GrpcChannelOptions
        {
            HttpHandler = MeshTls.Operator(data, h.Service),
            DisposeHttpClient = true,
            ServiceConfig = IdempotentRetries.Configuration(),
        })))]);
    }

    /// <summary>How many keys each master key wraps, and what they open ("12 of studies").</summary>
    public async Task<IReadOnlyDictionary<Guid, List<string>>> UsesAsync(CancellationToken cancellationToken)
    {
        Dictionary<Guid, List<string>> uses = [];
        foreach ((string what, GrpcChannel channel) in _services)
        {
            ListKeyUsesResponse response = await new KeyService.KeyServiceClient(channel)
                .ListKeyUsesAsync(new ListKeyUsesRequest(), deadline: DateTime.UtcNow.AddMinutes(5), cancellationToken: cancellationToken).ConfigureAwait(false);
            foreach (KeyUse use in response.Uses.Where(u => u.Keys > 0))
            {
                Guid id = Guid.Parse(use.MasterKey);
                if (!uses.TryGetValue(id, out List<string>? list))
                {
                    uses.Add(id, list = []);
                }

                list.Add($"{use.Keys} of {what}");
            }
        }

        return uses;
    }

    /// <summary>Wraps every key under the primary.</summary>
    /// <param name="report">Takes the fraction done (0 to 1) and a remark.</param>
    /// <param name="cancellationToken">Ends the work; it may be repeated.</param>
    /// <returns>Keys wrapped anew, and keys that cannot be opened.</returns>
    public async Task<(long Wrapped, long Unreadable)> RewrapAsync(Action<double, string> report, CancellationToken cancellationToken)
    {
        long wrapped = 0, unreadable = 0;
        for (int i = 0; i < _services.Count; i++)
        {
            (string what, GrpcChannel channel) = _services[i];
            RewrapKeysProgress last = new();
            using var call = new KeyService.KeyServiceClient(channel).RewrapKeys(new RewrapKeysRequest(), cancellationToken: cancellationToken);
            while (await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                last = call.ResponseStream.Current;
                report((i + last.Fraction) / _services.Count, $"{wrapped + last.Wrapped} keys wrapped anew ({what})");
            }

            wrapped += last.Wrapped;
            unreadable += last.Unreadable;
        }

        return (wrapped, unreadable);
    }

    /// <inheritdoc/>
    public void Dispose() => _services.ForEach(s => s.Channel.Dispose());
}
