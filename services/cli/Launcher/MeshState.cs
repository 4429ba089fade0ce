using System.Text.Json;
using System.Text.Json.Serialization;

namespace MedCloudCare.Cli.Launcher;

/// <summary>Where a mesh stands in its life.</summary>
internal enum MeshPhase
{
    /// <summary>Processes are being started.</summary>
    Starting,

    /// <summary>Every process answers its health check.</summary>
    Ready,

    /// <summary>It was ready; a process has ended or does not answer and is being restarted.</summary>
    Degraded,

    /// <summary>Processes are being ended.</summary>
    Stopping,

    /// <summary>Nothing runs.</summary>
    Stopped,

    /// <summary>It could not start and does not try again; <see cref="MeshState.Problem"/> says why.</summary>
    Failed,
}

/// <summary>One process of the mesh.</summary>
/// <param name="Name">postgres, auth, study, sharing, model, inference or gateway.</param>
/// <param name="Process">Null while it does not run.</param>
/// <param name="Healthy">Whether it answered its last health check.</param>
/// <param name="Restarts">How often it was started again.</param>
/// <param name="LastExit">How it ended last, in words.</param>
internal sealed record ProcessState(string Name, ProcessIdentity? Process, bool Healthy, int Restarts, string? LastExit);

/// <summary>
/// What <c>run/mesh.json</c> says: which processes run and where they listen. The supervisor alone writes it.
/// </summary>
internal sealed record MeshState
{
    /// <summary>The boot that the process identities belong to.</summary>
    public required string Boot { get; init; }

    /// <summary>The supervising process.</summary>
    public required ProcessIdentity Supervisor { get; init; }

    /// <summary>Where the mesh stands.</summary>
    public MeshPhase Phase { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Problem { get; init; }

    /// <summary>Public address for browsers on this machine: http://127.0.0.1:8080.</summary>
    public required string Http { get; init; }

    /// <summary>Public address for all (HTTP/1.1, HTTP/2, gRPC): https://127.0.0.1:8443.</summary>
    public required string Https { get; init; }

    /// <summary>Address of the DIMSE door without TLS, <c>127.0.0.1:11112</c>; empty for none.</summary>
    public string Dicom { get; init; } = "";

    /// <summary>Address of the DIMSE door with TLS; empty for none.</summary>
    public string DicomTls { get; init; } = "";

    /// <summary>Addresses of the services inside the mesh, by name.</summary>
    public required IReadOnlyDictionary<string, string> Services { get; init; }

    /// <summary>Directory of the PostgreSQL cluster.</summary>
    public required string Cluster { get; init; }

    /// <summary>The processes, in the order they are started.</summary>
    public IReadOnlyList<ProcessState> Processes { get; init; } = [];

    /// <summary>Whether the supervisor runs.</summary>
    [JsonIgnore]
    public bool IsSupervised => Boot == ProcessIdentity.Boot && Supervisor.IsAlive;

    /// <summary>Reads the state of a mesh; null if it never ran.</summary>
    public static MeshState? Read(DataDirectory data)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(data.State), MeshStateJson.Default.MeshState);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the state file.</summary>
    public void Write(DataDirectory data) =>
        SecretFile.Write(data.State, JsonSerializer.SerializeToUtf8Bytes(this, MeshStateJson.Default.MeshState));
}

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(MeshState))]
internal sealed partial class MeshStateJson : JsonSerializerContext;
