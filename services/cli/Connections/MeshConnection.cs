using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using MedCloudCare.Auth.V1;
using MedCloudCare.Cli.Commands;
using MedCloudCare.Cli.Demo;
using MedCloudCare.Cli.Launcher;
using MedCloudCare.Inference.V1;
using MedCloudCare.Model.V1;
using MedCloudCare.Sharing.V1;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Connections;

/// <summary>
/// A connection to a mesh's gateway: gRPC over TLS that trusts only the mesh's authority, with the access token of the
/// stored login or of a demo account on every call.
/// </summary>
internal sealed class MeshConnection : IDisposable
{
    /// <summary>How long a unary call may take.</summary>
    public static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(30);

    private readonly GrpcChannel _anonymous;
    private readonly GrpcChannel _channel;

    private MeshConnection(string url, string authority, string? demoRole, DataDirectory data)
    {
        Url = url;
        SocketsHttpHandler handler = MeshTls.Public(authority);
        _anonymous = GrpcChannel.ForAddress(url, new GrpcChannelOptions { HttpHandler = handler, ServiceConfig = IdempotentRetries.Configuration() });
        SignIn = new AuthService.AuthServiceClient(_anonymous);
        Session = demoRole is null
            ? new SessionKeeper(SessionKeeper.UserFile(url), url, SignIn, null)
            : DemoSession(demoRole, data);
        CallCredentials token = CallCredentials.FromInterceptor(async (context, metadata) =>
            metadata.Add("authorization", "Bearer " + await Session.AccessTokenAsync(context.CancellationToken).ConfigureAwait(false)));
        _channel = GrpcChannel.ForAddress(url, new GrpcChannelOptions
        {
            HttpHandler = handler,
            Credentials = ChannelCredentials.Create(ChannelCredentials.SecureSsl, token),
            ServiceConfig = IdempotentRetries.Configuration(),
            DisposeHttpClient = true,
            // Two fragments of an answer fit; the largest message of any contract is far below.
            MaxReceiveMessageSize = 4 << 20,
        });
    }

    /// <summary>The mesh.</summary>
    public string Url { get; }

    /// <summary>The session whose tokens are used.</summary>
    public SessionKeeper Session { get; }

    /// <summary>The sign-in service without a token.</summary>
    public AuthService.AuthServiceClient SignIn { get; }

    /// <summary>Accounts.</summary>
    public AuthService.AuthServiceClient Accounts => new(_channel);

    /// <summary>Studies.</summary>
    public StudyService.StudyServiceClient Studies => new(_channel);

    /// <summary>Models.</summary>
    public ModelService.ModelServiceClient Models => new(_channel);

    /// <summary>Jobs.</summary>
    public InferenceService.InferenceServiceClient Jobs => new(_channel);

    /// <summary>Grants.</summary>
    public SharingService.SharingServiceClient Grants => new(_channel);

    /// <summary>The moment at which a unary call that starts now is given up.</summary>
    public static DateTime Deadline => DateTime.UtcNow + CallPatience;

    /// <summary>Connects as the command line says.</summary>
    /// <exception cref="CliException">There is no mesh to connect to, or nothing to trust it by.</exception>
    public static MeshConnection Open(ParseResult parsed) =>
        Open(parsed.GetValue(CommonOptions.Url), parsed.GetValue(CommonOptions.Authority), parsed.GetValue(CommonOptions.As), parsed.GetValue(CommonOptions.Data));

    /// <summary>Connects.</summary>
    /// <param name="url">Address; null for the local mesh.</param>
    /// <param name="authority">PEM file to trust; null for the local mesh's.</param>
    /// <param name="demoRole">doctor, researcher, admin, or null for the stored login.</param>
    /// <param name="dataOption">Data directory; null for the default.</param>
    public static MeshConnection Open(string? url, string? authority, string? demoRole, string? dataOption)
    {
        DataDirectory data = DataDirectory.At(dataOption);
        string address = url is null ? LocalAddress(data) : Checked(url);
        return new MeshConnection(address, authority ?? data.AuthorityCertificate, demoRole, data);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        _anonymous.Dispose();
    }

    private SessionKeeper DemoSession(string role, DataDirectory data)
    {
        DemoAccount account = DemoAccounts.Read(data)?.Of(role)
            ?? throw new CliException(ExitCode.NotSignedIn, $"There are no demo accounts in '{data.Root}'.", "Make them: mcc admin demo-accounts");
        return new SessionKeeper(Path.Combine(data.Demo, $"session-{role}.json"), Url, SignIn, async token =>
            await SignIn.SignInAsync(new SignInRequest { Email = account.Email, Password = account.Password }, deadline: Deadline, cancellationToken: token).ConfigureAwait(false));
    }

    private static string LocalAddress(DataDirectory data) =>
        MeshState.Read(data) is { Phase: not (MeshPhase.Stopped or MeshPhase.Failed) } state
            ? state.Https
            : throw new CliException(ExitCode.NotReachable, $"The mesh of '{data.Root}' is not running.", "Start it with mcc up, or name another one with --url.");

    private static string Checked(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) && parsed.Scheme == Uri.UriSchemeHttps
            ? parsed.GetLeftPart(UriPartial.Authority)
            : throw new CliException(ExitCode.Usage, $"--url takes an https address, not '{url}': tokens and images never travel in clear.");
}
