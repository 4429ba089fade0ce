using Grpc.Net.Client;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Launcher;

namespace MedCloudCare.Cli.Connections;

/// <summary>A connection straight to the auth service, over mutual TLS as the operator: for who has no account yet.</summary>
internal sealed class OperatorConnection : IDisposable
{
    private readonly GrpcChannel _channel;

    private OperatorConnection(GrpcChannel channel) => _channel = channel;

    /// <summary>Accounts.</summary>
    public AuthService.AuthServiceClient Accounts => new(_channel);

    /// <summary>The peers of the DIMSE door.</summary>
    public DicomPeerService.DicomPeerServiceClient DicomPeers => new(_channel);

    /// <summary>Connects to the running mesh of a data directory.</summary>
    /// <exception cref="CliException">It does not run, or its keys cannot be read.</exception>
    public static OperatorConnection Open(DataDirectory data)
    {
        if (MeshState.Read(data) is not { Phase: not (MeshPhase.Stopped or MeshPhase.Failed) } state)
        {
            throw new CliException(ExitCode.NotReachable, $"The mesh of '{data.Root}' is not running.", "Start it: mcc up");
        }

        return new OperatorConnection(GrpcChannel.ForAddress(state.Services["auth"], new GrpcChannelOptions
        {
            HttpHandler = MeshTls.Operator(data, "auth"),
            DisposeHttpClient = true,
            ServiceConfig = IdempotentRetries.Configuration(),
        }));
    }

    /// <summary>Every account, newest first.</summary>
    public async IAsyncEnumerable<Account> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListAccountsRequest request = new() { PageSize = 500 };
        do
        {
            ListAccountsResponse page = await Accounts.ListAccountsAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            foreach (Account account in page.Accounts)
            {
                yield return account;
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>The account with an e-mail address, compared without case; null if there is none.</summary>
    public async Task<Account?> FindAsync(string email, CancellationToken cancellationToken)
    {
        await foreach (Account account in ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (string.Equals(account.Email, email, StringComparison.OrdinalIgnoreCase))
            {
                return account;
            }
        }

        return null;
    }

    /// <summary>The resource name of an account that a user names by it or by e-mail address.</summary>
    /// <exception cref="CliException">There is none with that address.</exception>
    public async Task<string> AccountNameAsync(string named, CancellationToken cancellationToken) =>
        named.StartsWith("accounts/", StringComparison.Ordinal) ? named
            : (await FindAsync(named, cancellationToken).ConfigureAwait(false))?.Name
                ?? throw CliException.Failed($"There is no account with the address {named}.", "See mcc admin list-users.");

    /// <summary>Every peer of the DIMSE door, newest first.</summary>
    public async IAsyncEnumerable<DicomPeer> ListDicomPeersAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListDicomPeersRequest request = new() { PageSize = 500 };
        do
        {
            ListDicomPeersResponse page = await DicomPeers.ListDicomPeersAsync(request, deadline: MeshConnection.Deadline, cancellationToken: cancellationToken).ConfigureAwait(false);
            foreach (DicomPeer peer in page.DicomPeers)
            {
                yield return peer;
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
