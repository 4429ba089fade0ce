using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grpc.Net.Client;
using MedCloudCare.Auth.V1;
using MedCloudCare.Common.V1;
using MedCloudCare.Platform.Clients;
using MedCloudCare.Platform.Hosting;
using Xunit;

namespace MedCloudCare.TestSupport;

/// <summary>
/// A mesh of its own, started by the launcher as a user would: real PostgreSQL, real processes, real TLS, real sandboxes.
/// Tests reach it through its gateway.
/// </summary>
public class MeshFixture : IAsyncLifetime
{
    private GrpcChannel? channel;
    private GrpcChannel? authAsOperator;
    private MeshCertificates? operatorCertificates;
    private X509Certificate2Collection authority = [];

    /// <summary>Its data directory.</summary>
    public string Data { get; } = Path.Combine(Path.GetTempPath(), "mcc-test-" + Guid.NewGuid().ToString("n")[..12]);

    /// <summary>Public address with TLS.</summary>
    public Uri Https { get; private set; } = null!;

    /// <summary>Public address without TLS, for the browser.</summary>
    public Uri Http { get; private set; } = null!;

    /// <summary>The DIMSE door without TLS.</summary>
    public System.Net.IPEndPoint Dicom { get; private set; } = null!;

    /// <summary>The DIMSE door with TLS.</summary>
    public System.Net.IPEndPoint DicomTls { get; private set; } = null!;

    /// <summary>gRPC to the gateway, without a token.</summary>
    public GrpcChannel Channel => channel!;

    /// <inheritdoc/>
    public virtual async Task InitializeAsync()
    {
        await UpAsync();
        authority.ImportFromPemFile(Path.Combine(Data, "pki", "ca.crt"));
        operatorCertificates = MeshCertificates.Load(Path.Combine(Data, "pki"), "operator");
        channel = GrpcChannel.ForAddress(Https, new GrpcChannelOptions { HttpHandler = TrustingHandler(), DisposeHttpClient = true, MaxReceiveMessageSize = 16 * 1024 * 1024 });
        authAsOperator = ChannelAsOperator("auth");
    }

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        channel?.Dispose();
        authAsOperator?.Dispose();
        operatorCertificates?.Dispose();
        await RunAsync(["down"]);
        if (Environment.GetEnvironmentVariable("MCC_KEEP_TEST_DATA") is null)
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    /// <summary>What <c>mcc up</c> is told beside what every test mesh is.</summary>
    protected virtual IEnumerable<string> UpArguments => [];

    /// <summary>Starts the mesh, or starts it again.</summary>
    public async Task UpAsync()
    {
        var result = await RunAsync(["up", "--detach", "--http", "0", "--https", "0", "--dicom", "0", "--dicom-tls", "0", "--replicas", "2", .. UpArguments]);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"mcc up: exit code {result.ExitCode}\n{result.Output}\n{result.Error}\n{Logs()}");
        }

        using var state = State();
        Http = new Uri(state.RootElement.GetProperty(nameof(Http)).GetString()!);
        Https = new Uri(state.RootElement.GetProperty(nameof(Https)).GetString()!);
        Dicom = System.Net.IPEndPoint.Parse(state.RootElement.GetProperty(nameof(Dicom)).GetString()!);
        DicomTls = System.Net.IPEndPoint.Parse(state.RootElement.GetProperty(nameof(DicomTls)).GetString()!);
    }

    /// <summary>Runs a verb of the command line against this mesh.</summary>
    public Task<ProgramResult> RunAsync(IEnumerable<string> arguments, string input = "") => Programs.RunAsync(
        "dotnet",
        [Checkout.Launcher, .. arguments, "--data", Data],
        input,
        new Dictionary<string, string> { ["MCC_ROOT"] = Checkout.Root });

    /// <summary>An HTTP client of the gateway that trusts the mesh's authority only.</summary>
    public HttpClient Client(string? accessToken = null)
    {
        var client = new HttpClient(TrustingHandler()) { BaseAddress = Https, Timeout = TimeSpan.FromMinutes(2) };
        if (accessToken is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        }

        return client;
    }

    /// <summary>A channel to a service's own port with the operator's certificate.</summary>
    public GrpcChannel ChannelAsOperator(string service) => GrpcChannel.ForAddress(
        AddressOf(service),
        new GrpcChannelOptions { HttpHandler = MeshChannels.Handler(operatorCertificates!, service), DisposeHttpClient = true });

    /// <summary>The mutual TLS address of a service.</summary>
    public string AddressOf(string service)
    {
        using var state = State();
        return state.RootElement.GetProperty("Services").GetProperty(service).GetString()!;
    }

    /// <summary>The process id of a service, by the launcher's own record.</summary>
    public int ProcessOf(string service)
    {
        using var state = State();
        return state.RootElement.GetProperty("Processes").EnumerateArray()
            .Single(p => p.GetProperty("Name").GetString() == service)
            .GetProperty("Process").GetProperty("Pid").GetInt32();
    }

    /// <summary>Ends a service as a crash would, and waits until the launcher has another one that is well.</summary>
    public async Task CrashAsync(string service)
    {
        var crashed = ProcessOf(service);
        using (var process = Process.GetProcessById(crashed))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        await ReplacedAsync(service, crashed, TimeSpan.FromSeconds(60));
    }

    /// <summary>Waits until the launcher has another process of a service, and that one is well.</summary>
    public Task ReplacedAsync(string service, int former, TimeSpan patience) =>
        Eventually.TrueAsync($"the restart of {service}", patience, () =>
        {
            using var state = State();
            var entry = state.RootElement.GetProperty("Processes").EnumerateArray().Single(p => p.GetProperty("Name").GetString() == service);
            return Task.FromResult(entry.GetProperty("Healthy").GetBoolean()
                && entry.GetProperty("Process").ValueKind == JsonValueKind.Object
                && entry.GetProperty("Process").GetProperty("Pid").GetInt32() != former);
        });

    /// <summary>A new account that is active, signed in.</summary>
    public async Task<TestUser> NewUserAsync(Role role, string? email = null)
    {
        email ??= string.Create(CultureInfo.InvariantCulture, $"{role}-{Guid.NewGuid():n}@test.example").ToLowerInvariant();
        var password = "correct horse " + Guid.NewGuid().ToString("n");
        var auth = new AuthService.AuthServiceClient(authAsOperator);
        await auth.CreateAccountAsync(
            new CreateAccountRequest { Email = email, Password = password, DisplayName = "Test " + role, Role = role },
            deadline: DateTime.UtcNow.AddSeconds(30));

        // Behind the gateway, whose limit of sign-ins an address is meant for people.
        var session = await auth.SignInAsync(
            new SignInRequest { Email = email, Password = password }, deadline: DateTime.UtcNow.AddSeconds(30));
        return new TestUser(this, email, password, session);
    }

    /// <summary>The last lines of every log, for the message of a failure; those of processes that are not well come first.</summary>
    public string Logs()
    {
        var directory = Path.Combine(Data, "log");
        if (!Directory.Exists(directory))
        {
            return "";
        }

        using var state = State();
        var well = state.RootElement.GetProperty("Processes").EnumerateArray()
            .Where(p => p.GetProperty("Healthy").GetBoolean())
            .Select(p => p.GetProperty("Name").GetString())
            .ToHashSet(StringComparer.Ordinal);
        return string.Join('\n', Directory.EnumerateFiles(directory, "*.log")
            .OrderBy(f => well.Contains(Path.GetFileNameWithoutExtension(f)))
            .Select(f => $"== {f}\n{string.Join('\n', File.ReadLines(f).TakeLast(30))}"));
    }

    /// <summary>Trust in the mesh's authority and no other.</summary>
    public X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authority);
        return policy;
    }

    private JsonDocument State() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Data, "run", "mesh.json")));

    private SocketsHttpHandler TrustingHandler()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true, AllowAutoRedirect = false };
        handler.SslOptions.CertificateChainPolicy = Trust();
        return handler;
    }
}
