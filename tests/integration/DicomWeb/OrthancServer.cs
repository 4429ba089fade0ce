using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using MedCloudCare.TestSupport;

namespace MedCloudCare.IntegrationTests.DicomWeb;

/// <summary>Debian's Orthanc with its DICOMweb plug-in: a private one on loopback, in a directory of its own, that knows a mesh as a server.</summary>
internal sealed class OrthancServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/Orthanc";
    private const string PlugIn = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

    private readonly string _data = Path.Combine(Path.GetTempPath(), "mcc-orthanc-" + Guid.NewGuid().ToString("n")[..12]);
    private readonly HttpClient _http;
    private Process? _process;

    private OrthancServer(int port) => _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromMinutes(2) };

    public static bool IsInstalled => File.Exists(Program) && File.Exists(PlugIn);

    public static async Task<OrthancServer> StartAsync(MeshFixture mesh, TestUser user)
    {
        var port = FreePort();
        var server = new OrthancServer(port);
        Directory.CreateDirectory(server._data);
        var configuration = Path.Combine(server._data, "orthanc.json");
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["StorageDirectory"] = Path.Combine(server._data, "db"),
            ["IndexDirectory"] = Path.Combine(server._data, "db"),
            ["Plugins"] = new[] { PlugIn },
            ["HttpPort"] = port,
            ["RemoteAccessAllowed"] = false,
            ["AuthenticationEnabled"] = false,
            ["DicomServerEnabled"] = false,
            ["HttpsCACertificates"] = Path.Combine(mesh.Data, "pki", "ca.crt"),
            ["DicomWeb"] = new Dictionary<string, object>
            {
                ["Enable"] = true,
                ["Servers"] = new Dictionary<string, object>
                {
                    ["mesh"] = new Dictionary<string, object>
                    {
                        ["Url"] = new Uri(mesh.Https, "/dicomweb/").ToString(),
                        ["HttpHeaders"] = new Dictionary<string, string> { ["Authorization"] = "Bearer " + user.Token },
                    },
                },
            },
        }));
        var start = new ProcessStartInfo(Program, [configuration, "--logfile=" + Path.Combine(server._data, "log")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        server._process = Process.Start(start) ?? throw new InvalidOperationException("Orthanc did not start.");
        server._process.OutputDataReceived += (_, _) => { };
        server._process.ErrorDataReceived += (_, _) => { };
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        await Eventually.TrueAsync("the start of Orthanc", TimeSpan.FromSeconds(60), async () =>
        {
            try
            {
                using var answer = await server._http.GetAsync(new Uri("system", UriKind.Relative));
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return server;
    }

    /// <summary>Stores a file in it.</summary>
    public async Task AddAsync(byte[] file)
    {
        using var content = new ByteArrayContent(file);
        using var answer = await _http.PostAsync(new Uri("instances", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The files that it holds, as they came.</summary>
    public async Task<IReadOnlyList<byte[]>> FilesAsync()
    {
        var files = new List<byte[]>();
        foreach (var id in await IdsAsync("instances"))
        {
            files.Add(await _http.GetByteArrayAsync(new Uri($"instances/{id}/file", UriKind.Relative)));
        }

        return files;
    }

    /// <summary>Orthanc's names of what it holds: studies, series, instances.</summary>
    public async Task<IReadOnlyList<string>> IdsAsync(string kind) => await _http.GetFromJsonAsync<string[]>(new Uri(kind, UriKind.Relative)) ?? [];

    /// <summary>Has the plug-in do something with the mesh: qido, retrieve, stow.</summary>
    public async Task<JsonElement> AskMeshAsync(string verb, object request)
    {
        using var content = JsonContent.Create(request, options: new JsonSerializerOptions());
        using var answer = await _http.PostAsync(new Uri($"dicom-web/servers/mesh/{verb}", UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.StatusCode == HttpStatusCode.OK
            ? JsonDocument.Parse(text).RootElement
            : throw new InvalidOperationException($"{verb}: {(int)answer.StatusCode} {text}\n{await LogAsync()}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(_data, recursive: true);
    }

    private async Task<string> LogAsync()
    {
        await using var log = new FileStream(Path.Combine(_data, "log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(log);
        return string.Join('\n', (await reader.ReadToEndAsync()).Split('\n').TakeLast(20));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
