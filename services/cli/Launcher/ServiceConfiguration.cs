using System.Text.Json;
using System.Text.Json.Nodes;
using MedCloudCare.Cli.Postgres;

namespace MedCloudCare.Cli.Launcher;

/// <summary>
/// Writes one configuration file per service (<c>config/NAME.json</c>, mode 0600): the shared section <c>Mesh</c> and the
/// service's own. A service learns the password of its own database role and of no other.
/// </summary>
internal sealed class ServiceConfiguration(
    DataDirectory data, RepositoryLayout repository, MeshAddresses addresses, PostgresCluster cluster, DatabaseCredentials credentials, MeshOptions options)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the files of all services.</summary>
    public void WriteAll()
    {
        SecretFile.CreateDirectory(data.Config);
        foreach (string service in MeshServices.All)
        {
            SecretFile.Write(PathOf(service), Of(service).ToJsonString(Indented) + "\n");
        }
    }

    /// <summary>The file of a service.</summary>
    public string PathOf(string service) => Path.Combine(data.Config, service + ".json");

    private JsonObject Of(string service)
    {
        JsonObject services = [];
        foreach (string name in MeshServices.WithDatabase)
        {
            services[name] = addresses.Services[name];
        }

        JsonObject mesh = new()
        {
            ["Service"] = service,
            ["Listen"] = addresses.Services[service],
            ["Pki"] = data.Pki,
            ["Services"] = services,
            ["Data"] = data.Root,
            ["Otlp"] = options.Otlp,
        };
        if (MeshServices.WithDatabase.Contains(service))
        {
            mesh["Database"] = credentials.ConnectionString(cluster.SocketDirectory, MeshServices.RoleOf(service), PostgresCluster.DatabaseName, service);
        }

        JsonObject file = new() { ["Mesh"] = mesh };
        if (Own(service) is { } own)
        {
            file[char.ToUpperInvariant(service[0]) + service[1..]] = own;
        }

        return file;
    }

    private JsonObject? Own(string service) => service switch
    {
        "auth" => new JsonObject { ["Keyring"] = data.Keyring, ["Issuer"] = "medcloudcare" },
        "study" => ObjectStoreChoice.Read(data).AddTo(new JsonObject { ["Keyring"] = data.Keyring, ["KeyStore"] = data.StudyKeys }, data),
        "inference" => new JsonObject { ["Keyring"] = data.Keyring, ["Cache"] = Path.Combine(data.Cache, "inference") },
        "model" => new JsonObject
        {
            ["Store"] = data.Models,
            ["Keyring"] = data.Keyring,
            ["Pods"] = Path.Combine(data.Run, "pods"),
            ["Runtime"] = Path.Combine(repository.Root, "services", "pods", "python"),
            ["Replicas"] = options.Replicas,
            ["IdleMinutes"] = 10,
            ["PodMemoryMiB"] = 4096,
        },
        MeshServices.Gateway => new JsonObject
        {
            ["Http"] = addresses.Http,
            ["Https"] = addresses.Https,
            ["Dicom"] = new JsonObject { ["Listen"] = addresses.Dicom, ["ListenTls"] = addresses.DicomTls },
            ["PublicCert"] = Path.Combine(data.Pki, MeshServices.PublicCertificate),
            ["Portal"] = Path.Combine(repository.Root, "gateway", "portal", "dist"),
            ["Ohif"] = Path.Combine(repository.Root, "gateway", "portal", "node_modules", "@ohif", "app", "dist"),
            ["Extension"] = Path.Combine(repository.Root, "gateway", "ohif"),
        },
        _ => null,
    };
}
