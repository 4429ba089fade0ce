using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MedCloudCare.TestSupport;

/// <summary>A real S3 server (s3rver from npm) with a bucket, on a loopback port and a directory of its own.</summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>The bucket that exists.</summary>
    public const string Bucket = "archive";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string directory = Directory.CreateTempSubdirectory("mcc-s3-").FullName;
    private readonly int port = FreePort();
    private readonly string? certificate;
    private readonly string? key;
    private Process? process;

    private S3Server(string? certificate, string? key)
    {
        this.certificate = certificate;
        this.key = key;
        Credentials = Path.Combine(directory, "credentials");
        File.WriteAllText(Credentials, "[default]\naws_access_key_id = S3RVER\naws_secret_access_key = S3RVER\n");
        File.SetUnixFileMode(Credentials, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Whether Node is there to run it.</summary>
    public static bool IsAvailable { get; } = Programs.Has("node") && Programs.Has("npm");

    /// <summary>Its address.</summary>
    public string Endpoint => $"{(certificate is null ? "http" : "https")}://127.0.0.1:{port}";

    /// <summary>A credentials file in AWS's format.</summary>
    public string Credentials { get; }

    /// <summary>Where it keeps what it stores.</summary>
    public string Files => Path.Combine(directory, "data", Bucket);

    private static string Package { get; } = Path.Combine(Checkout.Root, "tests", "support", "s3");

    /// <summary>Starts a server, over TLS where a certificate is given (PEM files).</summary>
    public static async Task<S3Server> StartAsync(string? certificate = null, string? key = null)
    {
        await InstallAsync();
        S3Server server = new(certificate, key);
        await server.ResumeAsync();
        return server;
    }

    /// <summary>Takes the server away; what it stored stays.</summary>
    public async Task StopAsync()
    {
        if (process is { } running)
        {
            process = null;
            running.Kill();
            await running.WaitForExitAsync();
            running.Dispose();
        }
    }

    /// <summary>Brings it back on the same port.</summary>
    public async Task ResumeAsync()
    {
        string[] tls = certificate is null ? [] : ["--cert", certificate, "--key", key!];
        ProcessStartInfo start = new("node",
            [Path.Combine(Package, "node_modules", "s3rver", "bin", "s3rver.js"), "-d", Path.Combine(directory, "data"), "-a", "127.0.0.1", "-p", $"{port}", "-s",
                "--no-vhost-buckets", "--configure-bucket", Bucket, .. tls])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await Eventually.TrueAsync("the S3 server", Limit, async () =>
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"The S3 server does not start: {await errors}");
            }

            using TcpClient probe = new();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(directory, recursive: true);
    }

    private static async Task InstallAsync()
    {
        // Several test processes may come here at once.
        string path = Path.Combine(Path.GetTempPath(), "mcc-test-s3.lock");
        FileStream? taken = null;
        await Eventually.TrueAsync("the lock of the installation", TimeSpan.FromMinutes(3), () =>
        {
            try
            {
                taken = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                // Held by another process.
            }

            return Task.FromResult(taken is not null);
        });
        using (taken)
        {
            if (!File.Exists(Path.Combine(Package, "node_modules", ".package-lock.json")))
            {
                (await Programs.RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--prefix", Package])).EnsureSuccess();
            }
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
